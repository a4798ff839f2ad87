import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What gateways have let in, added up. Unlogged: after a crash counting begins anew, and nothing is lost by that. */
export class CallCounts implements MigrationInterface {
  readonly name = 'CallCounts0000000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE UNLOGGED TABLE call_count (
      subject text COLLATE "C" PRIMARY KEY,
      calls bigint NOT NULL,
      counted_at timestamptz NOT NULL
    )`);
    await runner.query('CREATE INDEX call_count_age ON call_count (counted_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE call_count');
  }
}
