import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What members are compared by, and the pairs that may be one person (requirement M5).
 *
 * `member_match` holds keyed hashes of a whole name with a birthday, of mobiles and of e-mails: who lacks the key sees
 * which members share one, and nothing else. `compared_under` names the index key under which a member was compared.
 */
export class Duplicates implements MigrationInterface {
  readonly name = 'Duplicates0000000000010';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE duplicate, member_match');
    await runner.query('ALTER TABLE member DROP COLUMN compared_under');
  }
}

const statements = [
  'ALTER TABLE member ADD COLUMN compared_under text',
  'CREATE INDEX member_compared_under ON member (compared_under)',
  `CREATE TABLE member_match (
    kind text NOT NULL CHECK (kind IN ('name-and-birthday', 'email', 'mobile')),
    index bytea NOT NULL,
    member_id uuid NOT NULL REFERENCES member,
    PRIMARY KEY (kind, index, member_id)
  )`,
  'CREATE INDEX member_match_of_member ON member_match (member_id)',
  `CREATE TABLE duplicate (
    duplicate_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    first_id uuid NOT NULL REFERENCES member,
    second_id uuid NOT NULL REFERENCES member,
    reasons text[] NOT NULL,
    found_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'dismissed')),
    dismissed_by text,
    dismissed_at timestamptz,
    UNIQUE (first_id, second_id),
    CHECK (first_id < second_id)
  )`,
  'CREATE INDEX duplicate_in_state ON duplicate (state, found_at, duplicate_id)',
  'CREATE INDEX duplicate_of_second ON duplicate (second_id)',
];
