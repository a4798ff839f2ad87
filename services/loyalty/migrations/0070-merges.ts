import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Merges of members that are carried out here, and what is needed to undo them (requirement M5). */
export class Merges0000000000070 implements MigrationInterface {
  readonly name = 'Merges0000000000070';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of changes) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE member_merge`);
    await runner.query(`DROP INDEX member_merged_into`);
    await runner.query(`ALTER TABLE lot DROP spent`);
  }
}

const changes = [
  // What was spent of a lot, less what came back: who has to make good what, when members turn out to be two.
  `ALTER TABLE lot ADD spent bigint NOT NULL DEFAULT 0`,
  `CREATE INDEX member_merged_into ON member (merged_into) WHERE merged_into IS NOT NULL`,

  // before: what both had when they were merged (Before in src/merges/before.ts), null until it is carried out.
  `CREATE TABLE member_merge (
    merge_id uuid PRIMARY KEY,
    survivor_id uuid NOT NULL,
    merged_id uuid NOT NULL,
    state text NOT NULL DEFAULT 'ordered' CHECK (state IN ('ordered', 'booked', 'undone')),
    is_undo_ordered boolean NOT NULL DEFAULT false,
    booked_at timestamptz,
    undone_at timestamptz,
    before json
  )`,
  `CREATE INDEX member_merge_due ON member_merge (merge_id) 
    WHERE state = 'ordered' OR (state = 'booked' AND is_undo_ordered)`,
  `CREATE INDEX member_merge_of_merged ON member_merge (merged_id)`,
];
