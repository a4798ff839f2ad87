import type { EntityManager, QueryRunner } from 'typeorm';
import type { BacktestResult, BacktestRow, PastPurchase } from './backtest.js';

const columns = `backtest_id AS "backtestId", programme_id AS "programmeId", version, from_date::text AS "fromDate",
  until_date::text AS "untilDate", members_percent AS "membersPercent", requested_by AS "requestedBy",
  requested_at AS "requestedAt", finished_at AS "finishedAt", result`;

export async function insertBacktest(tx: EntityManager, row: BacktestRow): Promise<void> {
  await tx.query(
    `INSERT INTO backtest (backtest_id, programme_id, version, from_date, until_date, members_percent, requested_by,
       requested_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      row.backtestId,
      row.programmeId,
      row.version,
      row.fromDate,
      row.untilDate,
      row.membersPercent,
      row.requestedBy,
      row.requestedAt,
    ],
  );
}

export async function findBacktest(
  tx: EntityManager,
  programmeId: string,
  backtestId: string,
): Promise<BacktestRow | undefined> {
  const [row] = await tx.query<BacktestRow[]>(
    `SELECT ${columns} FROM backtest WHERE backtest_id = $1 AND programme_id = $2`,
    [backtestId, programmeId],
  );
  return row;
}

/** Leases the oldest backtest that waits, or one whose lease has ended. */
export async function leaseBacktest(tx: EntityManager, now: Date, until: Date): Promise<BacktestRow | undefined> {
  const [rows] = await tx.query<[BacktestRow[], number]>(
    `UPDATE backtest SET lease_until = $2 WHERE backtest_id = (
       SELECT backtest_id FROM backtest WHERE finished_at IS NULL AND (lease_until IS NULL OR lease_until <= $1)
       ORDER BY requested_at LIMIT 1 FOR UPDATE SKIP LOCKED
     ) RETURNING ${columns}`,
    [now, until],
  );
  return rows[0];
}

export async function finishBacktest(tx: EntityManager, backtestId: string, result: BacktestResult, now: Date) {
  await tx.query(`UPDATE backtest SET result = $2, finished_at = $3, lease_until = NULL WHERE backtest_id = $1`, [
    backtestId,
    JSON.stringify(result),
    now,
  ]);
}

/**
 * Reads the credited purchases of a period member by member, in the order in which they were posted, some hundred at a
 * time. Read-only, so that it holds no relay back; the sort may go to disk.
 */
export async function* pastPurchases(
  runner: QueryRunner,
  { programmeId, fromDate, untilDate, membersPercent }: BacktestRow,
): AsyncGenerator<PastPurchase[]> {
  await runner.query(`START TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY`);
  try {
    await runner.query(
      `DECLARE past NO SCROLL CURSOR FOR
       SELECT p.member_id AS "memberId", p.business_date::text AS "businessDate", p.store_id AS "storeId",
         s.time_zone AS "timeZone", p.channel, (date_part('epoch', p.rung_at) * 1000)::bigint AS "rungMs",
         p.programme_version AS "programmeVersion", p.total_minor AS "totalMinor", p.lines, p.payments,
         (p.result->>'points')::bigint AS points, (p.result->'tier'->>3)::bigint AS "spentMinor"
       FROM purchase p JOIN store s ON s.store_id = p.store_id
       WHERE p.programme_id = $1 AND p.business_date BETWEEN $2 AND $3 AND p.member_id IS NOT NULL
         AND p.state = 'credited' AND abs(uuid_hash_extended(p.member_id, 1) % 100) < $4
       ORDER BY p.member_id, p.posted_at, p.purchase_id`,
      [programmeId, fromDate, untilDate, membersPercent],
    );
    for (;;) {
      const rows = (await runner.query(`FETCH 500 FROM past`)) as PastPurchase[];
      if (rows.length === 0) return;
      yield rows;
    }
  } finally {
    await runner.query(`ROLLBACK`);
  }
}
