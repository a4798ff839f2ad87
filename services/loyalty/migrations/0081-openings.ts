import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Files with what members bring along from the programme that was used before (requirement L16). */
export class Openings0000000000081 implements MigrationInterface {
  readonly name = 'Openings0000000000081';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of tables) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE opening_rejection, opening_row, opening_part, opening`);
  }
}

const sums = ['file', 'booked', 'waiting', 'repeated', 'rejected']
  .map((name) => `${name}_rows bigint NOT NULL DEFAULT 0, ${name}_points bigint NOT NULL DEFAULT 0,`)
  .join('\n    ');

const tables = [
  // ledger_points: what its entries come to, as of the last sum; is_summed turns false with every row booked or undone.
  `CREATE TABLE opening (
    opening_id uuid PRIMARY KEY,
    programme_id uuid NOT NULL,
    source text NOT NULL,
    is_dry_run boolean NOT NULL,
    expected_rows bigint,
    expected_points bigint,
    state text NOT NULL CHECK (state IN ('receiving', 'booking', 'done', 'failed', 'undoing', 'undone')),
    reason text NOT NULL DEFAULT '',
    ${sums}
    ledger_points bigint NOT NULL DEFAULT 0,
    is_summed boolean NOT NULL DEFAULT false,
    line_done bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    lease_token uuid,
    begun_by text NOT NULL,
    begun_at timestamptz NOT NULL,
    done_at timestamptz,
    undone_at timestamptz
  )`,
  `CREATE INDEX opening_of_programme ON opening (programme_id, opening_id DESC)`,
  `CREATE TABLE opening_part (
    opening_id uuid NOT NULL,
    part integer NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (opening_id, part)
  )`,
  // Rows are known by the hash of their external id, which may be somebody's mobile; the id itself stays only while it is
  // needed to find who waits. told: Brought in src/openings/row.ts.
  `CREATE TABLE opening_row (
    opening_id uuid NOT NULL,
    external_sha256 bytea NOT NULL,
    programme_id uuid NOT NULL,
    source text NOT NULL,
    line bigint NOT NULL,
    content_sha256 bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('tried', 'waiting', 'booked', 'undone')),
    told json NOT NULL,
    external_id text,
    member_number text COLLATE "C",
    member_id uuid,
    entry_ids uuid[] NOT NULL DEFAULT '{}',
    is_tier_given boolean NOT NULL DEFAULT false,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (opening_id, external_sha256)
  )`,
  `CREATE UNIQUE INDEX opening_row_once ON opening_row (programme_id, source, external_sha256)
    WHERE state IN ('waiting', 'booked')`,
  `CREATE INDEX opening_row_due ON opening_row (due_at) WHERE state = 'waiting'`,
  `CREATE INDEX opening_row_booked ON opening_row (opening_id, external_sha256) WHERE state = 'booked'`,
  `CREATE TABLE opening_rejection (
    rejection bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    opening_id uuid NOT NULL,
    line bigint NOT NULL,
    pointer text NOT NULL,
    reason text NOT NULL,
    message text NOT NULL
  )`,
  `CREATE INDEX opening_rejection_of ON opening_rejection (opening_id, rejection)`,
];
