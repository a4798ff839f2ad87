import { messagingTables } from '@regulars/messaging';
import { idempotencyTable } from '@regulars/service';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const tables = [
  `CREATE TABLE store (
    store_id uuid PRIMARY KEY,
    version bigint NOT NULL
  )`,
  'CREATE SEQUENCE case_number START 100001',
  `CREATE TABLE feedback_case (
    case_id uuid PRIMARY KEY,
    number text NOT NULL UNIQUE,
    member_id uuid,
    store_id uuid NOT NULL,
    type text NOT NULL,
    severity text NOT NULL,
    channel text NOT NULL,
    state text NOT NULL,
    text bytea NOT NULL,
    data_key bytea NOT NULL,
    happened_at timestamptz,
    received_at timestamptz NOT NULL,
    respond_by timestamptz NOT NULL
  )`,
  'CREATE INDEX feedback_case_store ON feedback_case (store_id, case_id)',
  'CREATE INDEX feedback_case_member ON feedback_case (member_id, case_id) WHERE member_id IS NOT NULL',
];

/** The cases, the stores they may concern, repeatable writes, and what messaging needs. */
export class Cases implements MigrationInterface {
  readonly name = 'Cases0000000000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [...messagingTables.up, idempotencyTable, ...tables]) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE feedback_case, store, idempotency');
    await runner.query('DROP SEQUENCE case_number');
    for (const sql of messagingTables.down) await runner.query(sql);
  }
}
