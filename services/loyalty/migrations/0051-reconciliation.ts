import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Business days of stores that are reported in the morning, and what was done about conflicts. */
export class Reconciliation0000000000051 implements MigrationInterface {
  readonly name = 'Reconciliation0000000000051';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of changes) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE store_day`);
    await runner.query(`DROP INDEX receipt_conflict_in_order`);
    await runner.query(`ALTER TABLE receipt_conflict DROP action`);
  }
}

const changes = [
  // A report is due at due_at and made once, at made_at; tills: [{tillId, posted, …}, …], as they stood then.
  `CREATE TABLE store_day (
    store_id uuid NOT NULL,
    business_date date NOT NULL,
    due_at timestamptz NOT NULL,
    lease_until timestamptz,
    lease_token uuid,
    made_at timestamptz,
    programme_id uuid,
    currency text,
    tills json,
    PRIMARY KEY (store_id, business_date)
  )`,
  `CREATE INDEX store_day_due ON store_day (due_at) WHERE made_at IS NULL`,
  `CREATE INDEX store_day_newest ON store_day (business_date DESC, store_id DESC) WHERE made_at IS NOT NULL`,

  `ALTER TABLE receipt_conflict ADD action text`,
  `CREATE INDEX receipt_conflict_in_order ON receipt_conflict (posted_at, conflict_id)`,
];
