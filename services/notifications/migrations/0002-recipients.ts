import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who has an address at all. A member who is not here is asked for. */
export class Recipients implements MigrationInterface {
  readonly name = 'Recipients0000000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE recipient (member_id uuid PRIMARY KEY, has_email boolean NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE recipient');
  }
}
