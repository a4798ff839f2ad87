import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which tier members stand on, as loyalty tells it, so that they are found by it (requirement M4). */
export class Tiers implements MigrationInterface {
  readonly name = 'Tiers0000000000022';

  async up(runner: QueryRunner): Promise<void> {
    // fillfactor: as_of moves with every purchase, in place as long as the tier stays.
    await runner.query(`CREATE TABLE member_tier (
      member_id uuid NOT NULL,
      programme_id uuid NOT NULL,
      tier text NOT NULL,
      as_of timestamptz NOT NULL,
      PRIMARY KEY (member_id, programme_id)
    ) WITH (fillfactor = 80)`);
    await runner.query('CREATE INDEX member_tier_found ON member_tier (tier, member_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE member_tier');
  }
}
