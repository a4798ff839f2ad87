import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * One-time codes and what they prove (requirements M2, M3, M12). A code follows from the id of its challenge and a key,
 * so it stands nowhere; `value_index` is the keyed hash of what it is sent to. `member_id` is null for a sign-in with a
 * contact that nobody has.
 */
export class Verification implements MigrationInterface {
  readonly name = 'Verification0000000000005';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE contact_change, challenge');
    await runner.query(
      'ALTER TABLE member DROP COLUMN mobile_verified_at, DROP COLUMN email_verified_at, DROP COLUMN seen_at',
    );
  }
}

const statements = [
  `ALTER TABLE member
    ADD COLUMN mobile_verified_at timestamptz,
    ADD COLUMN email_verified_at timestamptz,
    ADD COLUMN seen_at timestamptz NOT NULL DEFAULT now()`,
  'UPDATE member SET seen_at = registered_at',
  `CREATE TABLE challenge (
    challenge_id uuid PRIMARY KEY,
    member_id uuid REFERENCES member,
    purpose text NOT NULL CHECK (purpose IN ('contact', 'sign-in')),
    kind text NOT NULL CHECK (kind IN ('mobile', 'email')),
    value_sealed bytea,
    value_index bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    used_at timestamptz
  )`,
  'CREATE INDEX challenge_sent_to ON challenge (value_index, created_at)',
  'CREATE INDEX challenge_of_member ON challenge (member_id)',
  `CREATE TABLE contact_change (
    change bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id uuid NOT NULL REFERENCES member,
    kind text NOT NULL,
    old_sealed bytea,
    new_sealed bytea,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    changed_from text NOT NULL,
    reason text NOT NULL
  )`,
  'CREATE INDEX contact_change_of_member ON contact_change (member_id, change)',
];
