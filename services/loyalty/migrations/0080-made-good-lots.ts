import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which lots no entry of their own stands for: what was spent stays with the survivor of a merge that was undone. */
export class MadeGoodLots0000000000080 implements MigrationInterface {
  readonly name = 'MadeGoodLots0000000000080';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE lot ADD made_good_in uuid`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE lot DROP made_good_in`);
  }
}
