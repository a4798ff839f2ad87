import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is watched where a programme has limits, and why purchases are held. */
export class FraudHolds0000000000050 implements MigrationInterface {
  readonly name = 'FraudHolds0000000000050';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of changes) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE watched_movement`);
    await runner.query(`DROP INDEX purchase_hold_of_store`);
    await runner.query(`ALTER TABLE purchase_hold DROP member_id, DROP causes, DROP decision_reason`);
  }
}

const changes = [
  // Written only under versions with limits. Ranges of a member's and of a till's time are all that is asked of it.
  `CREATE TABLE watched_movement (
    source_id uuid PRIMARY KEY,
    kind text NOT NULL,
    programme_id uuid NOT NULL,
    member_id uuid NOT NULL,
    till_id uuid NOT NULL,
    rung_at timestamptz NOT NULL
  )`,
  `CREATE INDEX watched_of_member ON watched_movement (member_id, programme_id, rung_at)`,
  `CREATE INDEX watched_at_till ON watched_movement (till_id, rung_at)`,
  `CREATE INDEX watched_age ON watched_movement (rung_at)`,

  // causes: [{reason, measured, most, withinMinutes}, …], reason as the contract numbers it. Holds made before were all of
  // one kind. `reason` stays for the replicas of the release before.
  `ALTER TABLE purchase_hold ADD member_id uuid, ADD decision_reason text,
    ADD causes json NOT NULL DEFAULT '[{"reason":1,"measured":0,"most":0,"withinMinutes":0}]',
    ALTER reason SET DEFAULT '', ALTER twin_purchase_id DROP NOT NULL`,
  `CREATE INDEX purchase_hold_of_store ON purchase_hold (store_id, purchase_id)`,
];
