import { restrictionTables } from '@regulars/service';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whose data is not to be used but for what members do themselves (requirement M6). */
export class Restrictions implements MigrationInterface {
  readonly name = 'Restrictions0000000000011';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of restrictionTables.up) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of restrictionTables.down) await runner.query(statement);
  }
}
