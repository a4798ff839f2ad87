import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Points given and taken by hand, and what people decided about held purchases and conflicts. */
export class Adjustments0000000000022 implements MigrationInterface {
  readonly name = 'Adjustments0000000000022';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of changes) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE adjustment`);
    await runner.query(`ALTER TABLE purchase_hold DROP told_member, DROP decision, DROP decided_by, DROP decided_at`);
    await runner.query(`ALTER TABLE receipt_conflict DROP conflict_id, DROP note, DROP decided_by, DROP decided_at`);
  }
}

const changes = [
  `CREATE TABLE adjustment (
    adjustment_id uuid PRIMARY KEY,
    member_id uuid NOT NULL,
    programme_id uuid NOT NULL,
    points bigint NOT NULL CHECK (points <> 0),
    kind text NOT NULL,
    reason text NOT NULL,
    state text NOT NULL CHECK (state IN ('proposed', 'booked', 'rejected')),
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    entry_id uuid
  )`,
  `CREATE INDEX adjustment_by_person ON adjustment (member_id, requested_by, requested_at)`,
  `CREATE INDEX adjustment_in_state ON adjustment (state, adjustment_id DESC)`,

  // told_member is who the till named, as pending purchases have it; null for an anonymous purchase and for holds made
  // before this column was there.
  `ALTER TABLE purchase_hold ADD told_member text COLLATE "C", ADD decision text, ADD decided_by text,
    ADD decided_at timestamptz`,
  `CREATE INDEX purchase_hold_open ON purchase_hold (purchase_id) WHERE decision IS NULL`,
  `ALTER TABLE receipt_conflict ADD conflict_id uuid NOT NULL DEFAULT gen_random_uuid(), ADD note text,
    ADD decided_by text, ADD decided_at timestamptz`,
  `CREATE UNIQUE INDEX receipt_conflict_name ON receipt_conflict (conflict_id)`,
  `CREATE INDEX receipt_conflict_open ON receipt_conflict (posted_at, conflict_id) WHERE decided_at IS NULL`,
];
