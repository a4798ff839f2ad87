import { configurationTables } from '@regulars/service';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Chains the log of configuration changes by hash, what stands in it included (requirement O4). */
export class ConfigurationChain implements MigrationInterface {
  readonly name = 'ConfigurationChain0000000000004';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of configurationTables.chainExisting) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER chained ON configuration_log');
    await runner.query('DROP FUNCTION chain_configuration');
    await runner.query('DROP FUNCTION configuration_hash');
    await runner.query('ALTER TABLE configuration_log DROP COLUMN hash');
    await runner.query('ALTER TABLE configuration_log ALTER COLUMN entry ADD GENERATED ALWAYS AS IDENTITY');
    await runner.query(
      `SELECT setval(pg_get_serial_sequence('configuration_log', 'entry'), greatest((SELECT max(entry) FROM configuration_log), 1))`,
    );
  }
}
