import { messagingTables } from '@regulars/messaging';
import { idempotencyTable } from '@regulars/service';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Members with sealed personal data, their data keys, what they accepted, and who read clear data (requirements M1, M2,
 * M6).
 *
 * `…_sealed` is AES-256-GCM under the member's data key, `…_index` a keyed hash; nothing personal stands here in clear.
 * A member without a row in `member_key` cannot be read by anyone any more.
 */
export class Members implements MigrationInterface {
  readonly name = 'Members0000000000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...members, ...accessLog, idempotencyTable, ...messagingTables.up]) {
      await runner.query(statement);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of messagingTables.down) await runner.query(statement);
    await runner.query('DROP TABLE idempotency, access_log, acceptance, member_key, member');
    await runner.query('DROP SEQUENCE member_number');
    await runner.query('DROP FUNCTION refuse_change');
  }
}

const members = [
  // Nine digits and a check digit, for up to 900 million members.
  'CREATE SEQUENCE member_number MINVALUE 100000000 MAXVALUE 999999999 NO CYCLE',
  `CREATE TABLE member (
    member_id uuid PRIMARY KEY,
    number text NOT NULL CONSTRAINT member_number_unique UNIQUE,
    code_token_sha256 bytea NOT NULL CONSTRAINT member_code_token_unique UNIQUE,
    code_token_sealed bytea NOT NULL,
    name_sealed bytea NOT NULL,
    mobile_sealed bytea,
    mobile_index bytea CONSTRAINT member_mobile_unique UNIQUE,
    email_sealed bytea,
    email_index bytea CONSTRAINT member_email_unique UNIQUE,
    birthday_sealed bytea,
    nature text NOT NULL,
    language text NOT NULL CHECK (language IN ('zh-CN', 'en')),
    home_store_id uuid,
    channel text NOT NULL,
    registered_at timestamptz NOT NULL,
    registered_event_id uuid NOT NULL,
    CHECK ((mobile_sealed IS NULL) = (mobile_index IS NULL)),
    CHECK ((email_sealed IS NULL) = (email_index IS NULL)),
    CHECK (mobile_sealed IS NOT NULL OR email_sealed IS NOT NULL)
  )`,
  `CREATE TABLE member_key (
    member_id uuid PRIMARY KEY REFERENCES member,
    key_encryption_key_id text NOT NULL,
    wrapped bytea NOT NULL
  )`,
  `CREATE TABLE acceptance (
    member_id uuid NOT NULL REFERENCES member,
    notice text NOT NULL CHECK (notice IN ('benefits', 'privacy')),
    version text NOT NULL,
    channel text NOT NULL,
    accepted_at timestamptz NOT NULL,
    PRIMARY KEY (member_id, notice, version)
  )`,
];

const accessLog = [
  `CREATE TABLE access_log (
    entry bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    principal text NOT NULL,
    kind text NOT NULL,
    roles text[] NOT NULL,
    member_id uuid NOT NULL,
    fields text[] NOT NULL,
    purpose text NOT NULL,
    trace_id text
  )`,
  'CREATE INDEX access_log_of_member ON access_log (member_id, entry)',
  `CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
  END $$`,
  `CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
];
