import { messagingTables } from '@regulars/messaging';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const tables = [
  `CREATE TABLE store (
    store_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    time_zone text NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL
  )`,
  // due_at: when to try next; while somebody has the lease, when the lease ends.
  `CREATE TABLE message (
    message_id uuid PRIMARY KEY,
    cause_id uuid NOT NULL,
    member_id uuid NOT NULL,
    template text NOT NULL,
    channel text NOT NULL,
    store_id uuid,
    variables jsonb NOT NULL,
    language text,
    state text NOT NULL,
    reason text,
    attempts integer NOT NULL DEFAULT 0,
    possible_duplicate boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    lease_token uuid,
    sending_since timestamptz,
    sent_at timestamptz,
    CONSTRAINT message_once UNIQUE (cause_id, member_id, template)
  )`,
  `CREATE INDEX message_due ON message (due_at) WHERE state = 'WAITING'`,
  'CREATE INDEX message_member ON message (member_id, message_id)',
];

/** The messages, the stores they speak of, and what messaging needs. */
export class Messages implements MigrationInterface {
  readonly name = 'Messages0000000000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [...messagingTables.up, ...tables]) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE message, store');
    for (const sql of messagingTables.down) await runner.query(sql);
  }
}
