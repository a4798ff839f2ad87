import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Rewards, and the redemptions that take points for them in two phases. */
export class Redemptions0000000000020 implements MigrationInterface {
  readonly name = 'Redemptions0000000000020';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of tables) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE redemption, reward`);
    await runner.query(`ALTER TABLE idempotency ALTER result SET NOT NULL, ALTER created_at DROP DEFAULT`);
  }
}

const tables = [
  // A write outside the lanes takes its key first and tells the result at its end, in the same transaction.
  `ALTER TABLE idempotency ALTER result DROP NOT NULL, ALTER created_at SET DEFAULT now()`,

  // terms: RewardTerms as JSON. stock is null where it is not counted.
  `CREATE TABLE reward (
    reward_id uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programme,
    code text COLLATE "C" NOT NULL,
    terms json NOT NULL,
    stock bigint CHECK (stock >= 0),
    created_at timestamptz NOT NULL,
    UNIQUE (programme_id, code)
  ) WITH (fillfactor = 70)`,

  // from_lots: [[lotId, points, expiresMs | null], …], oldest expiry first. The receipt is the one it paid for.
  `CREATE TABLE redemption (
    redemption_id uuid PRIMARY KEY,
    member_id uuid NOT NULL,
    programme_id uuid NOT NULL,
    programme_version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('reserved', 'confirmed', 'cancelled', 'released', 'returned')),
    reward_id uuid NOT NULL REFERENCES reward,
    quantity integer NOT NULL CHECK (quantity > 0),
    points bigint NOT NULL CHECK (points > 0),
    returned bigint NOT NULL DEFAULT 0 CHECK (returned BETWEEN 0 AND points),
    value_minor bigint NOT NULL,
    from_lots json NOT NULL,
    store_id uuid NOT NULL,
    till_id uuid NOT NULL,
    business_date date NOT NULL,
    reserved_at timestamptz NOT NULL,
    reserved_until timestamptz NOT NULL,
    ended_at timestamptz,
    fulfilled_at timestamptz,
    receipt_store_id uuid,
    receipt_till_id uuid,
    receipt_business_date date,
    receipt_number text COLLATE "C"
  ) WITH (fillfactor = 85)`,
  `CREATE INDEX redemption_of_member ON redemption (member_id, redemption_id DESC)`,
  `CREATE INDEX redemption_due ON redemption (reserved_until) WHERE state = 'reserved'`,
  `CREATE INDEX redemption_receipt ON redemption (receipt_store_id, receipt_till_id, receipt_business_date,
    receipt_number) WHERE receipt_number IS NOT NULL`,
];
