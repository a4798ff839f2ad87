import { restrictionTables } from '@regulars/service';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Requests to restrict what is done with a member's data, and to lift that (requirement M6). */
export class Restrictions implements MigrationInterface {
  readonly name = 'Restrictions0000000000031';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of restrictionTables.up) await runner.query(statement);
    await runner.query(kinds(`'export', 'erasure', 'restriction', 'lifting'`));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DELETE FROM privacy_answer WHERE request_id IN (
      SELECT request_id FROM privacy_request WHERE kind IN ('restriction', 'lifting'))`);
    await runner.query(`DELETE FROM privacy_request WHERE kind IN ('restriction', 'lifting')`);
    await runner.query(kinds(`'export', 'erasure'`));
    for (const statement of restrictionTables.down) await runner.query(statement);
  }
}

function kinds(known: string): string {
  return `ALTER TABLE privacy_request DROP CONSTRAINT privacy_request_kind_check,
    ADD CONSTRAINT privacy_request_kind_check CHECK (kind IN (${known}))`;
}
