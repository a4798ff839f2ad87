import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Two places for blind indexes, so that their key can be replaced while members are found, and what members are found by
 * besides: beginnings of names, tags, stores (requirements M4, M6).
 *
 * `index_slots` tells which places of a member are filled, as bits. `name_index` holds keyed hashes of beginnings of
 * names; who has the key finds by them, who lacks it sees only which members share one.
 */
export class Find implements MigrationInterface {
  readonly name = 'Find0000000000004';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE member_tag, name_index');
    await runner.query('DROP INDEX member_home_store, member_stale, member_index_slots, idempotency_age');
    await runner.query(`ALTER TABLE member DROP COLUMN mobile_index_1, DROP COLUMN email_index_1,
      DROP COLUMN index_slots, DROP COLUMN confirmed_at`);
    await runner.query(`DELETE FROM blind_index_key WHERE state <> 'current'`);
    await runner.query(`ALTER TABLE blind_index_key DROP COLUMN slot, DROP COLUMN state,
      ADD COLUMN only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row)`);
  }
}

const statements = [
  `ALTER TABLE blind_index_key DROP COLUMN only_row,
    ADD COLUMN slot smallint NOT NULL DEFAULT 0 PRIMARY KEY CHECK (slot IN (0, 1)),
    ADD COLUMN state text NOT NULL DEFAULT 'current' CHECK (state IN ('next', 'current', 'retired')),
    ADD CONSTRAINT blind_index_key_once UNIQUE (key_id)`,
  // The checks that go: a mobile may be written down before its holder proved it, and who was erased has none.
  `ALTER TABLE member
    ADD COLUMN mobile_index_1 bytea CONSTRAINT member_mobile_1_unique UNIQUE,
    ADD COLUMN email_index_1 bytea CONSTRAINT member_email_1_unique UNIQUE,
    ADD COLUMN index_slots smallint NOT NULL DEFAULT 1,
    ADD COLUMN confirmed_at timestamptz NOT NULL DEFAULT now(),
    DROP CONSTRAINT member_check, DROP CONSTRAINT member_check1, DROP CONSTRAINT member_check2`,

  'UPDATE member SET confirmed_at = registered_at',
  'CREATE INDEX member_index_slots ON member (index_slots)',
  'CREATE INDEX member_home_store ON member (home_store_id, member_id)',
  'CREATE INDEX member_stale ON member (confirmed_at, member_id)',
  `CREATE TABLE name_index (
    slot smallint NOT NULL,
    index bytea NOT NULL,
    member_id uuid NOT NULL REFERENCES member,
    PRIMARY KEY (slot, index, member_id)
  )`,
  'CREATE INDEX name_index_of_member ON name_index (member_id)',
  `CREATE TABLE member_tag (
    tag text NOT NULL,
    member_id uuid NOT NULL REFERENCES member,
    PRIMARY KEY (tag, member_id)
  )`,
  'CREATE INDEX member_tag_of_member ON member_tag (member_id)',
  // Keys are forgotten by age; the rows lie in that order, so ranges of blocks find them and cost no index entry each.
  'CREATE INDEX idempotency_age ON idempotency USING brin (created_at)',
];
