import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tiers that are kept until a review, their history, and which ends of points members were warned of. */
export class Standings0000000000010 implements MigrationInterface {
  readonly name = 'Standings0000000000010';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of tables) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE tier_change`);
    await runner.query(`DROP INDEX account_to_warn, account_tier_due`);
    await runner.query(`ALTER TABLE account DROP warned_until, DROP tier, DROP tier_since, DROP tier_basis_on,
      DROP tier_until, DROP tier_stage, DROP tier_due_on`);
  }
}

const tables = [
  // tier: the one that is kept, null while none was reached in a programme with reviews. It is kept through tier_until;
  // tier_due_on is when something has to be decided about it. tier_basis_on is the date as of which spending supported
  // it, null for one that was granted. No purchase changes these but one that promotes.
  `ALTER TABLE account ADD warned_until timestamptz, ADD tier text, ADD tier_since date, ADD tier_basis_on date,
    ADD tier_until date, ADD tier_stage text, ADD tier_due_on date`,
  `CREATE INDEX account_tier_due ON account (programme_id, tier_due_on) WHERE tier_due_on IS NOT NULL`,
  `CREATE INDEX account_to_warn ON account (programme_id, next_expiry_at)
    WHERE next_expiry_at IS NOT NULL AND (warned_until IS NULL OR warned_until < next_expiry_at)`,

  // What happened to tiers (L7). counted_from and counted_until are the dates whose purchases counted, both inclusive.
  `CREATE TABLE tier_change (
    change_id uuid PRIMARY KEY,
    member_id uuid NOT NULL,
    programme_id uuid NOT NULL,
    kind text NOT NULL,
    from_tier text NOT NULL,
    to_tier text NOT NULL,
    happened_on date NOT NULL,
    kept_until date,
    counted_from date NOT NULL,
    counted_until date NOT NULL,
    spent_minor bigint NOT NULL,
    missing_minor bigint NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    changed_at timestamptz NOT NULL
  )`,
  `CREATE INDEX tier_change_of_member ON tier_change (member_id, programme_id, change_id DESC)`,
];
