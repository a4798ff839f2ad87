import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Members who are one person, and who said so (requirement M5). `merged_into` is who is left, however many merges on. */
export class Merges implements MigrationInterface {
  readonly name = 'Merges0000000000011';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE member_merge');
    await runner.query('ALTER TABLE member DROP COLUMN merged_into');
  }
}

const statements = [
  'ALTER TABLE member ADD COLUMN merged_into uuid REFERENCES member',
  'CREATE INDEX member_merged_into ON member (merged_into) WHERE merged_into IS NOT NULL',
  `CREATE TABLE member_merge (
    merge_id uuid PRIMARY KEY,
    survivor_id uuid NOT NULL REFERENCES member,
    merged_id uuid NOT NULL REFERENCES member,
    state text NOT NULL CHECK (state IN ('ordered', 'booked', 'undo-ordered', 'undone')),
    ordered_at timestamptz NOT NULL,
    ordered_by text NOT NULL,
    booked_at timestamptz,
    undo_ordered_at timestamptz,
    undo_ordered_by text,
    undone_at timestamptz,
    exact boolean,
    compensated_points bigint NOT NULL DEFAULT 0,
    owed_points bigint NOT NULL DEFAULT 0
  )`,
  'CREATE INDEX member_merge_of_survivor ON member_merge (survivor_id, merge_id)',
  'CREATE INDEX member_merge_of_merged ON member_merge (merged_id, merge_id)',
];
