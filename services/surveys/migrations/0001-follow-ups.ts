import { messagingTables } from '@regulars/messaging';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const tables = [
  `CREATE TABLE store (
    store_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    time_zone text NOT NULL
  )`,
  `CREATE TABLE open_complaint (
    case_id uuid PRIMARY KEY,
    member_id uuid NOT NULL
  )`,
  'CREATE INDEX open_complaint_member ON open_complaint (member_id)',
  `CREATE TABLE follow_up (
    follow_up_id uuid PRIMARY KEY,
    event_id uuid NOT NULL UNIQUE,
    member_id uuid NOT NULL,
    store_id uuid NOT NULL,
    purchase_id uuid NOT NULL,
    state text NOT NULL,
    due_at timestamptz NOT NULL,
    ask_until timestamptz NOT NULL
  )`,
  `CREATE INDEX follow_up_due ON follow_up (due_at) WHERE state = 'PLANNED'`,
  'CREATE INDEX follow_up_member ON follow_up (member_id, follow_up_id)',
];

/** The follow-ups, what is known of stores and complaints, and what messaging needs. */
export class FollowUps implements MigrationInterface {
  readonly name = 'FollowUps0000000000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [...messagingTables.up, ...tables]) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE follow_up, open_complaint, store');
    for (const sql of messagingTables.down) await runner.query(sql);
  }
}
