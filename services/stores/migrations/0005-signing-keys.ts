import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Public keys with which tills sign, and tills of which nothing else is taken (requirement O4). */
export class SigningKeys implements MigrationInterface {
  readonly name = 'SigningKeys0000000000005';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE till_key ADD COLUMN public_key bytea UNIQUE CHECK (octet_length(public_key) = 32)');
    await runner.query('ALTER TABLE till ADD COLUMN must_sign boolean NOT NULL DEFAULT false');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE till DROP COLUMN must_sign');
    await runner.query('ALTER TABLE till_key DROP COLUMN public_key');
  }
}
