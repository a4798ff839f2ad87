import { messagingOrder } from '@regulars/messaging';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Events are published in the order in which they were written (requirement L4). */
export class OutboxOrder implements MigrationInterface {
  readonly name = 'OutboxOrder0000000000100';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of messagingOrder.up) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of messagingOrder.down) await runner.query(statement);
  }
}
