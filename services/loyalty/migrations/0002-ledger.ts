import { messagingTables } from '@regulars/messaging';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Accounts, entries and lots: what members have and why; and the outbox that tells of it. */
export class Ledger0000000000002 implements MigrationInterface {
  readonly name = 'Ledger0000000000002';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [...messagingTables.up, ...tables]) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE lot, entry, member_day, account`);
    for (const sql of messagingTables.down) await runner.query(sql);
  }
}

const tables = [
  // One row for each member and programme. balance = sum of its entries = sum of what its lots have left - debt.
  // fillfactor: updated by every purchase, in place as long as next_expiry_at stays.
  `CREATE TABLE account (
    member_id uuid NOT NULL,
    programme_id uuid NOT NULL,
    balance bigint NOT NULL,
    debt bigint NOT NULL CHECK (debt >= 0),
    member_seq bigint NOT NULL,
    posted_at timestamptz NOT NULL,
    next_expiry_at timestamptz,
    PRIMARY KEY (member_id, programme_id)
  ) WITH (fillfactor = 70)`,
  `CREATE INDEX account_next_expiry ON account (next_expiry_at) WHERE next_expiry_at IS NOT NULL`,

  // What a member earned and spent on a business day, less refunds: caps and tiers are sums over few of these rows.
  `CREATE TABLE member_day (
    member_id uuid NOT NULL,
    programme_id uuid NOT NULL,
    business_date date NOT NULL,
    points bigint NOT NULL,
    spent_minor bigint NOT NULL,
    PRIMARY KEY (member_id, programme_id, business_date)
  ) WITH (fillfactor = 70)`,

  // Append-only. The id is that of the purchase or refund that is booked (for an expiry a name made of the lot's id), so
  // the primary key also is what makes every source count once (L4).
  `CREATE TABLE entry (
    entry_id uuid NOT NULL,
    member_id uuid NOT NULL,
    programme_id uuid NOT NULL,
    member_seq bigint NOT NULL,
    kind text NOT NULL,
    points bigint NOT NULL,
    balance_after bigint NOT NULL,
    source_id uuid NOT NULL,
    store_id uuid,
    business_date date NOT NULL,
    posted_at timestamptz NOT NULL,
    programme_version integer NOT NULL,
    explain json NOT NULL,
    CONSTRAINT entry_once_per_source PRIMARY KEY (entry_id),
    CONSTRAINT entry_in_order UNIQUE (member_id, programme_id, member_seq)
  )`,

  // Points of one earning. The id is the entry's. What expired unused is told apart, so that a later refund does not
  // make the member owe it.
  `CREATE TABLE lot (
    lot_id uuid NOT NULL,
    member_id uuid NOT NULL,
    programme_id uuid NOT NULL,
    points bigint NOT NULL,
    remaining bigint NOT NULL,
    expired bigint NOT NULL DEFAULT 0,
    expires_at timestamptz,
    PRIMARY KEY (member_id, programme_id, lot_id),
    CHECK (remaining >= 0 AND expired >= 0 AND remaining + expired <= points)
  ) WITH (fillfactor = 85)`,
];
