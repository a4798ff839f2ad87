import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Versions that are tried on the purchases of a past period: work with a due time. */
export class Backtests0000000000011 implements MigrationInterface {
  readonly name = 'Backtests0000000000011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE backtest (
      backtest_id uuid PRIMARY KEY,
      programme_id uuid NOT NULL REFERENCES programme,
      version integer NOT NULL,
      from_date date NOT NULL,
      until_date date NOT NULL,
      members_percent integer NOT NULL,
      requested_by text NOT NULL,
      requested_at timestamptz NOT NULL,
      lease_until timestamptz,
      finished_at timestamptz,
      result json
    )`);
    await runner.query(`CREATE INDEX backtest_due ON backtest (requested_at) WHERE finished_at IS NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE backtest`);
  }
}
