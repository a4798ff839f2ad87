import { configurationTables } from '@regulars/service';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The log of who changed programmes and rewards, chained by hash (requirement O4). */
export class ConfigurationLog0000000000030 implements MigrationInterface {
  readonly name = 'ConfigurationLog0000000000030';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of configurationTables.up) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of configurationTables.down) await runner.query(statement);
  }
}
