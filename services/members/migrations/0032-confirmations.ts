import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When members were asked to confirm their data, and who wrote down what they accepted (requirements M1, M3). */
export class Confirmations implements MigrationInterface {
  readonly name = 'Confirmations0000000000032';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE member ADD COLUMN asked_at timestamptz');
    await runner.query(
      'ALTER TABLE acceptance ADD COLUMN recorded_at timestamptz, ADD COLUMN recorded_by text, ADD COLUMN recorded_from text',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE acceptance DROP COLUMN recorded_at, DROP COLUMN recorded_by, DROP COLUMN recorded_from',
    );
    await runner.query('ALTER TABLE member DROP COLUMN asked_at');
  }
}
