import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which refunds are in what was given back of a purchase, for those who compare what they keep of it. */
export class RefundsOfPurchase0000000000071 implements MigrationInterface {
  readonly name = 'RefundsOfPurchase0000000000071';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE INDEX refund_of_purchase ON refund (purchase_store_id, purchase_till_id,
      purchase_business_date, purchase_receipt_number)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX refund_of_purchase');
  }
}
