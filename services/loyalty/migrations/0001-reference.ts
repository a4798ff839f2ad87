import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Programmes, and the copies of stores and members that the purchase path decides by. */
export class Reference0000000000001 implements MigrationInterface {
  readonly name = 'Reference0000000000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of tables) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP FUNCTION reference_changed()`);
    await runner.query(
      `DROP TABLE programme_version, programme_brand, programme, member, till, store, reference_revision`,
    );
  }
}

const tables = [
  // Every change of programmes, stores or tills counts this up; a lane that sees another number than its copy in memory
  // has reads the copy again before it decides.
  `CREATE TABLE reference_revision (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    revision bigint NOT NULL
  )`,
  `INSERT INTO reference_revision (revision) VALUES (1)`,
  `CREATE FUNCTION reference_changed() RETURNS void LANGUAGE sql AS $$
    UPDATE reference_revision SET revision = revision + 1
  $$`,

  `CREATE TABLE store (
    store_id uuid PRIMARY KEY,
    brand_id uuid NOT NULL,
    time_zone text NOT NULL,
    day_cutover_minutes integer NOT NULL,
    version bigint NOT NULL
  )`,
  `CREATE TABLE till (
    till_id uuid PRIMARY KEY,
    store_id uuid NOT NULL,
    version bigint NOT NULL
  )`,
  `CREATE TABLE member (
    member_id uuid PRIMARY KEY,
    number text NOT NULL UNIQUE,
    code_token_sha256 bytea NOT NULL UNIQUE,
    language text NOT NULL,
    merged_into uuid,
    gone_at timestamptz,
    registered_at timestamptz NOT NULL
  )`,

  `CREATE TABLE programme (
    programme_id uuid PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    currency text NOT NULL,
    created_at timestamptz NOT NULL
  )`,
  `CREATE TABLE programme_brand (
    brand_id uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programme
  )`,
  `CREATE INDEX programme_brand_programme ON programme_brand (programme_id)`,
  `CREATE TABLE programme_version (
    programme_id uuid NOT NULL REFERENCES programme,
    version integer NOT NULL,
    terms jsonb NOT NULL,
    effective_from date,
    published_at timestamptz,
    PRIMARY KEY (programme_id, version),
    CHECK ((effective_from IS NULL) = (published_at IS NULL))
  )`,
];
