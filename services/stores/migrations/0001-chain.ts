import { messagingTables } from '@regulars/messaging';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Brands, stores, tills and their keys, the log of who changed them, and the messaging tables.
 *
 * Every published record keeps the version, id and time of its latest event, so that it can be published again as the
 * same event.
 */
export class Chain implements MigrationInterface {
  readonly name = 'Chain0000000000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...chain, ...messagingTables.up]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of messagingTables.down) await runner.query(statement);
    await runner.query('DROP TABLE configuration_log, till_key, till, store, brand');
    await runner.query('DROP FUNCTION refuse_change');
  }
}

const published = `
  version bigint NOT NULL DEFAULT 1,
  event_id uuid NOT NULL UNIQUE,
  changed_at timestamptz NOT NULL`;

const chain = [
  `CREATE TABLE brand (
    brand_id uuid PRIMARY KEY,
    code text NOT NULL CONSTRAINT brand_code_unique UNIQUE CHECK (code ~ '^[A-Z0-9-]{1,20}$'),
    name_zh text NOT NULL,
    name_en text NOT NULL,${published}
  )`,
  `CREATE TABLE store (
    store_id uuid PRIMARY KEY,
    brand_id uuid NOT NULL REFERENCES brand,
    code text NOT NULL CONSTRAINT store_code_unique UNIQUE CHECK (code ~ '^[A-Z0-9-]{1,20}$'),
    name_zh text NOT NULL,
    name_en text NOT NULL,
    time_zone text NOT NULL,
    day_cutover_minutes integer NOT NULL CHECK (day_cutover_minutes BETWEEN 0 AND 720),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    language text NOT NULL CHECK (language IN ('zh-CN', 'en')),${published}
  )`,
  `CREATE TABLE till (
    till_id uuid PRIMARY KEY,
    store_id uuid NOT NULL REFERENCES store,
    number text NOT NULL CHECK (char_length(number) BETWEEN 1 AND 20),${published},
    CONSTRAINT till_number_unique UNIQUE (store_id, number)
  )`,
  `CREATE TABLE till_key (
    key_id uuid PRIMARY KEY,
    till_id uuid NOT NULL REFERENCES till,
    sha256 bytea NOT NULL UNIQUE CHECK (octet_length(sha256) = 32),
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
  )`,
  'CREATE INDEX till_key_of_till ON till_key (till_id)',
  `CREATE TABLE configuration_log (
    entry bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    principal text NOT NULL,
    change text NOT NULL,
    record_id uuid NOT NULL,
    after json NOT NULL
  )`,
  'CREATE INDEX configuration_log_of_record ON configuration_log (record_id, entry)',
  `CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
  END $$`,
  `CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON configuration_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
];
