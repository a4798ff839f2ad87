import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How often the tags of a member were replaced, so that nobody writes over what somebody else just did. */
export class TagVersions implements MigrationInterface {
  readonly name = 'TagVersions0000000000033';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE member ADD COLUMN tags_version integer NOT NULL DEFAULT 0');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE member DROP COLUMN tags_version');
  }
}
