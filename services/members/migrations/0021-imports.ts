import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Members from files (requirement M1). Parts of a file are sealed and go once they were read. `external_id` holds keyed
 * hashes of what a member was called where she comes from; a rejection tells nothing of what stood in the row.
 */
export class Imports implements MigrationInterface {
  readonly name = 'Imports0000000000021';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE external_id, import_rejection, import_part, member_import');
  }
}

const statements = [
  `CREATE TABLE member_import (
    import_id uuid PRIMARY KEY,
    format text NOT NULL CHECK (format IN ('csv', 'ndjson')),
    terms jsonb NOT NULL,
    begun_by text NOT NULL,
    begun_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('receiving', 'reading', 'done', 'failed')),
    reason text NOT NULL DEFAULT '',
    encoding text NOT NULL DEFAULT '',
    row_count bigint NOT NULL DEFAULT 0,
    line_done bigint NOT NULL DEFAULT 0,
    registered bigint NOT NULL DEFAULT 0,
    repeated bigint NOT NULL DEFAULT 0,
    rejected bigint NOT NULL DEFAULT 0,
    done_at timestamptz,
    lease_until timestamptz,
    lease_token uuid
  )`,
  `CREATE INDEX member_import_open ON member_import (begun_at) WHERE state = 'reading'`,
  `CREATE TABLE import_part (
    import_id uuid NOT NULL REFERENCES member_import,
    part integer NOT NULL,
    content_sealed bytea NOT NULL,
    PRIMARY KEY (import_id, part)
  )`,
  `CREATE TABLE import_rejection (
    import_id uuid NOT NULL REFERENCES member_import,
    rejection bigint GENERATED ALWAYS AS IDENTITY,
    line bigint NOT NULL,
    pointer text NOT NULL,
    reason text NOT NULL,
    message text NOT NULL,
    PRIMARY KEY (import_id, rejection)
  )`,
  `CREATE TABLE external_id (
    index bytea PRIMARY KEY,
    member_id uuid NOT NULL REFERENCES member
  )`,
  'CREATE INDEX external_id_of_member ON external_id (member_id)',
];
