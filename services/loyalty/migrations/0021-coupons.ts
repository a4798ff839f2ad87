import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Kinds of coupons, coupons, how they are issued, and their use in two phases. */
export class Coupons0000000000021 implements MigrationInterface {
  readonly name = 'Coupons0000000000021';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of tables) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE coupon, coupon_use, coupon_batch, coupon_issue, coupon_definition`);
  }
}

const tables = [
  // terms: CouponTerms as JSON.
  `CREATE TABLE coupon_definition (
    definition_id uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programme,
    code text COLLATE "C" NOT NULL,
    terms json NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (programme_id, code)
  )`,

  // One coupon for everybody on a tier: work that goes through the accounts in the order of their members.
  `CREATE TABLE coupon_issue (
    issue_id uuid PRIMARY KEY,
    definition_id uuid NOT NULL REFERENCES coupon_definition,
    tier text NOT NULL,
    issued bigint NOT NULL DEFAULT 0,
    after_member uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    created_at timestamptz NOT NULL,
    finished_at timestamptz
  )`,
  `CREATE INDEX coupon_issue_open ON coupon_issue (created_at) WHERE finished_at IS NULL`,

  `CREATE TABLE coupon_batch (
    batch_id uuid PRIMARY KEY,
    definition_id uuid NOT NULL REFERENCES coupon_definition,
    count integer NOT NULL CHECK (count > 0),
    drawn integer NOT NULL DEFAULT 0 CHECK (drawn <= count),
    created_at timestamptz NOT NULL
  )`,

  // Coupons used together on one receipt.
  `CREATE TABLE coupon_use (
    use_id uuid PRIMARY KEY,
    member_id uuid,
    programme_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('reserved', 'confirmed', 'cancelled', 'released', 'returned')),
    applied json NOT NULL,
    discount_minor bigint NOT NULL,
    store_id uuid NOT NULL,
    till_id uuid NOT NULL,
    business_date date NOT NULL,
    reserved_at timestamptz NOT NULL,
    reserved_until timestamptz NOT NULL,
    ended_at timestamptz,
    receipt_store_id uuid,
    receipt_till_id uuid,
    receipt_business_date date,
    receipt_number text COLLATE "C"
  ) WITH (fillfactor = 85)`,
  `CREATE INDEX coupon_use_due ON coupon_use (reserved_until) WHERE state = 'reserved'`,
  `CREATE INDEX coupon_use_receipt ON coupon_use (receipt_store_id, receipt_till_id, receipt_business_date,
    receipt_number) WHERE receipt_number IS NOT NULL`,

  // used_by, store, till and used_at tell who holds or used it, where and when; null while it can be used.
  `CREATE TABLE coupon (
    code text COLLATE "C" PRIMARY KEY,
    definition_id uuid NOT NULL,
    member_id uuid,
    source_id uuid NOT NULL,
    ordinal integer NOT NULL,
    state text NOT NULL DEFAULT 'issued' CHECK (state IN ('issued', 'reserved', 'used')),
    issued_at timestamptz NOT NULL,
    last_day date,
    use_id uuid,
    used_by uuid,
    store_id uuid,
    till_id uuid,
    used_at timestamptz,
    UNIQUE (source_id, ordinal)
  ) WITH (fillfactor = 85)`,
  `CREATE INDEX coupon_of_member ON coupon (member_id, issued_at DESC, code) WHERE member_id IS NOT NULL`,
  `CREATE INDEX coupon_used_by ON coupon (used_by, definition_id) WHERE used_by IS NOT NULL`,
  `CREATE INDEX coupon_in_use ON coupon (use_id) WHERE use_id IS NOT NULL`,
];
