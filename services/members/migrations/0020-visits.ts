import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Visits of members, one row for each purchase that was credited (requirement M7). lines: [[sku, name, category,
 * quantityMilli, amountMinor], …]. What a refund gave back stands beside it, [[line, quantityMilli, amountMinor], …], so
 * that events may come in any order.
 */
export class Visits implements MigrationInterface {
  readonly name = 'Visits0000000000020';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX member_gone');
    await runner.query('DROP TABLE visit_refund, visit');
  }
}

const statements = [
  // Ids of purchases are UUIDv7: a member's newest visits are the last of the key.
  `CREATE TABLE visit (
    member_id uuid NOT NULL,
    purchase_id uuid NOT NULL,
    programme_id uuid NOT NULL,
    store_id uuid NOT NULL,
    business_date date NOT NULL,
    rung_at timestamptz NOT NULL,
    rung_at_offset_minutes smallint NOT NULL,
    currency text NOT NULL,
    total_minor bigint NOT NULL,
    channel text NOT NULL,
    party_size integer NOT NULL,
    lines json NOT NULL,
    PRIMARY KEY (member_id, purchase_id)
  )`,
  `CREATE TABLE visit_refund (
    member_id uuid NOT NULL,
    purchase_id uuid NOT NULL,
    refund_id uuid NOT NULL,
    lines json NOT NULL,
    PRIMARY KEY (member_id, purchase_id, refund_id)
  )`,
  // Visits are forgotten by age; the rows lie in that order, so ranges of blocks find them and cost no index entry each.
  'CREATE INDEX visit_age ON visit USING brin (rung_at)',
  'CREATE INDEX member_gone ON member (gone_at) WHERE gone_at IS NOT NULL',
];
