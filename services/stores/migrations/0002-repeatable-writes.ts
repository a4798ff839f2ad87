import { idempotencyTable } from '@regulars/service';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What makes writes repeatable, and when a till's key was last used. */
export class RepeatableWrites implements MigrationInterface {
  readonly name = 'RepeatableWrites0000000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(idempotencyTable);
    await runner.query('ALTER TABLE till_key ADD COLUMN last_used_at timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE till_key DROP COLUMN last_used_at');
    await runner.query('DROP TABLE idempotency');
  }
}
