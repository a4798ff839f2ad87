import { memberDataTables } from '@regulars/service';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Orders of export and erasure that members give, and who was erased (requirement M6). */
export class MemberDataOrders implements MigrationInterface {
  readonly name = 'MemberDataOrders0000000000010';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of memberDataTables.up) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of memberDataTables.down) await runner.query(statement);
  }
}
