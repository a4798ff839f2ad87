import { mergeTables } from '@regulars/service';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which members are one person (requirement M5). */
export class Merges implements MigrationInterface {
  readonly name = 'Merges0000000000012';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of mergeTables.up) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of mergeTables.down) await runner.query(statement);
  }
}
