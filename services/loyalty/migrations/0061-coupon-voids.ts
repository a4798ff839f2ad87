import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Coupons made void, and their use by business date. */
export class CouponVoids0000000000061 implements MigrationInterface {
  readonly name = 'CouponVoids0000000000061';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE coupon DROP CONSTRAINT coupon_state_check,
      ADD CONSTRAINT coupon_state_check CHECK (state IN ('issued', 'reserved', 'used', 'void')) NOT VALID`);
    await runner.query(`CREATE TABLE coupon_void (
      code text COLLATE "C" PRIMARY KEY,
      reason text NOT NULL,
      voided_by text NOT NULL,
      voided_at timestamptz NOT NULL
    )`);
    await runner.query(`CREATE INDEX coupon_use_by_date ON coupon_use (programme_id, business_date)
      WHERE state IN ('confirmed', 'returned')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX coupon_use_by_date`);
    await runner.query(`DROP TABLE coupon_void`);
  }
}
