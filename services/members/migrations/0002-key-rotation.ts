import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Finds data keys by what wraps them, and remembers which key made the blind indexes (requirement M6). */
export class KeyRotation implements MigrationInterface {
  readonly name = 'KeyRotation0000000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX member_key_wrapped_by ON member_key (key_encryption_key_id)');
    await runner.query(`CREATE TABLE blind_index_key (
      only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
      key_id text NOT NULL
    )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE blind_index_key');
    await runner.query('DROP INDEX member_key_wrapped_by');
  }
}
