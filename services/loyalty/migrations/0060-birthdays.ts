import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which birthdays come, and the rights that members have by them. */
export class Birthdays0000000000060 implements MigrationInterface {
  readonly name = 'Birthdays0000000000060';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of tables) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE birthday_right, birthday_watch`);
  }
}

const tables = [
  // When members is asked next for a member's birthday: work with a due time. The date is there only while the birthday
  // is near, as members told it; whoever holds the lease writes the answer.
  `CREATE TABLE birthday_watch (
    member_id uuid PRIMARY KEY,
    ask_at timestamptz NOT NULL,
    lease uuid,
    birthday_on date,
    birthday_year integer
  ) WITH (fillfactor = 85)`,
  `CREATE INDEX birthday_watch_due ON birthday_watch (ask_at)`,
  `CREATE INDEX birthday_watch_on ON birthday_watch (birthday_on) WHERE birthday_on IS NOT NULL`,
  // Members that are known already are asked about over a day, not all at once.
  `INSERT INTO birthday_watch (member_id, ask_at)
   SELECT member_id, now() + random() * interval '1 day' FROM member WHERE gone_at IS NULL AND merged_into IS NULL`,

  // One row for each member, programme and year, whatever is edited: its key is the promise "once a year". Not granted:
  // the birthday was moved, and another right lies too near. gift_on and birthday_on are when something is due.
  `CREATE TABLE birthday_right (
    member_id uuid NOT NULL,
    programme_id uuid NOT NULL,
    birthday_year integer NOT NULL,
    birthday_on date NOT NULL,
    granted boolean NOT NULL,
    gift_on date NOT NULL,
    gift_until date NOT NULL,
    given_at timestamptz,
    greeted_at timestamptz,
    PRIMARY KEY (member_id, programme_id, birthday_year)
  ) WITH (fillfactor = 85)`,
  `CREATE INDEX birthday_right_gift ON birthday_right (programme_id, gift_on) WHERE granted AND given_at IS NULL`,
  `CREATE INDEX birthday_right_greeting ON birthday_right (programme_id, birthday_on)
   WHERE granted AND greeted_at IS NULL`,
  `CREATE INDEX birthday_right_age ON birthday_right (birthday_on)`,
];
