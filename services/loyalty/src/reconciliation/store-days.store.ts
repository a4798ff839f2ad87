import type { EntityManager } from 'typeorm';
import type { ConflictSums, Findings, PostedSums, RefundSums, TillDay } from './store-day.js';

/** A business day of a store in a programme. */
export interface DayKey {
  readonly programmeId: string;
  readonly storeId: string;
  readonly businessDate: string;
}

/** More receipts than a store can ring up in a day. */
const MOST_NUMBERS = 200_000;

/**
 * What the tills of a store did. Ranges of purchase_claim and of refund's primary key, till by till; the ledger by its
 * primary key. Four statements of one transaction, so of one moment when it reads repeatably.
 */
export async function findingsOf(tx: EntityManager, key: DayKey, reportedAt: Date | null): Promise<Findings> {
  const day = [key.programmeId, key.storeId, key.businessDate];
  const posted = await tx.query<PostedSums[]>(
    `SELECT p.till_id AS "tillId", count(*) AS posted, sum(p.total_minor)::bigint AS "postedMinor",
       count(*) FILTER (WHERE p.state = 'credited') AS credited,
       coalesce(sum(p.total_minor) FILTER (WHERE p.state = 'credited'), 0)::bigint AS "creditedMinor",
       count(*) FILTER (WHERE p.state = 'pending') AS pending, count(*) FILTER (WHERE p.state = 'held') AS held,
       coalesce(sum((p.result ->> 'points')::bigint) FILTER (WHERE p.state = 'credited'), 0)::bigint AS "pointsTold",
       coalesce(sum(e.points), 0)::bigint AS "pointsBooked",
       count(*) FILTER (WHERE p.posted_at > $4::timestamptz) AS "postedSinceReport"
     FROM till t
     JOIN purchase p ON p.programme_id = $1 AND p.store_id = t.store_id AND p.till_id = t.till_id
       AND p.business_date = $3
     LEFT JOIN entry e ON e.entry_id = p.purchase_id AND e.kind = 'earn'
     WHERE t.store_id = $2 GROUP BY p.till_id`,
    [...day, reportedAt],
  );
  const refunds = await tx.query<RefundSums[]>(
    `SELECT r.till_id AS "tillId", count(*) AS refunds,
       coalesce(sum((r.result ->> 'taken')::bigint + (r.result ->> 'owed')::bigint)
         FILTER (WHERE r.state = 'taken-back'), 0)::bigint AS "pointsTakenBack"
     FROM till t
     JOIN refund r ON r.programme_id = $1 AND r.store_id = t.store_id AND r.till_id = t.till_id
       AND r.business_date = $3
     WHERE t.store_id = $2 GROUP BY r.till_id`,
    day,
  );
  const conflicts = await tx.query<ConflictSums[]>(
    `SELECT till_id AS "tillId", count(*) FILTER (WHERE decided_at IS NULL) AS "openConflicts",
       count(*) FILTER (WHERE decided_at IS NOT NULL) AS "settledConflicts"
     FROM receipt_conflict WHERE programme_id = $1 AND store_id = $2 AND business_date = $3 GROUP BY till_id`,
    day,
  );
  const numbers = await tx.query<{ tillId: string; receiptNumber: string }[]>(
    `SELECT n.till_id AS "tillId", n.receipt_number AS "receiptNumber" FROM till t
     CROSS JOIN LATERAL (
       SELECT p.till_id, p.receipt_number FROM purchase p
       WHERE p.programme_id = $1 AND p.store_id = t.store_id AND p.till_id = t.till_id AND p.business_date = $3
       UNION ALL
       SELECT r.till_id, r.receipt_number FROM refund r
       WHERE r.programme_id = $1 AND r.store_id = t.store_id AND r.till_id = t.till_id AND r.business_date = $3
     ) n WHERE t.store_id = $2 LIMIT ${MOST_NUMBERS}`,
    day,
  );
  return { posted, refunds, conflicts, numbers };
}

/** The last business date that was planned, by store; stores without one are missing. */
export async function lastPlanned(tx: EntityManager, storeIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.query<{ storeId: string; date: string }[]>(
    `SELECT s.store_id AS "storeId", d.business_date::text AS date FROM unnest($1::uuid[]) s (store_id)
     CROSS JOIN LATERAL (
       SELECT business_date FROM store_day WHERE store_id = s.store_id ORDER BY business_date DESC LIMIT 1
     ) d`,
    [storeIds],
  );
  return new Map(rows.map(({ storeId, date }) => [storeId, date]));
}

/** A day that is reported when its time has come. */
export interface PlannedDay {
  readonly storeId: string;
  readonly businessDate: string;
  readonly dueAt: Date;
}

/** Plans days; those that another replica has planned stay as they are. */
export async function planDays(tx: EntityManager, days: readonly PlannedDay[]): Promise<void> {
  await tx.query(
    `INSERT INTO store_day (store_id, business_date, due_at)
     SELECT * FROM unnest($1::uuid[], $2::date[], $3::timestamptz[]) ORDER BY 1, 2 ON CONFLICT DO NOTHING`,
    [days.map(({ storeId }) => storeId), days.map(({ businessDate }) => businessDate), days.map(({ dueAt }) => dueAt)],
  );
}

/** Leases days that are due, longest due first; others see them again when the lease has ended. */
export async function leaseDays(tx: EntityManager, now: Date, until: Date, token: string, most: number) {
  const [rows] = await tx.query<[{ storeId: string; businessDate: string }[], number]>(
    `UPDATE store_day SET lease_until = $2, lease_token = $3
     WHERE (store_id, business_date) IN (
       SELECT store_id, business_date FROM store_day
       WHERE made_at IS NULL AND due_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
       ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED
     )
     RETURNING store_id AS "storeId", business_date::text AS "businessDate"`,
    [now, until, token, most],
  );
  return rows;
}

/** Keeps the report of a day, where the lease is still ours and nobody was faster. */
export async function keepReport(
  tx: EntityManager,
  day: Pick<DayKey, 'storeId' | 'businessDate'>,
  token: string,
  report: { readonly programmeId: string | null; readonly currency: string; readonly tills: readonly TillDay[] },
  now: Date,
): Promise<void> {
  await tx.query(
    `UPDATE store_day SET made_at = $4, programme_id = $5, currency = $6, tills = $7::json, lease_token = NULL
     WHERE store_id = $1 AND business_date = $2 AND lease_token = $3 AND made_at IS NULL`,
    [day.storeId, day.businessDate, token, now, report.programmeId, report.currency, JSON.stringify(report.tills)],
  );
}

/** A report as it was made. */
export interface ReportRow {
  readonly storeId: string;
  readonly businessDate: string;
  readonly programmeId: string;
  readonly currency: string;
  readonly tills: readonly TillDay[];
  readonly madeAt: Date;
}

const columns = `store_id AS "storeId", business_date::text AS "businessDate", programme_id AS "programmeId", currency,
  tills, made_at AS "madeAt"`;

export async function reportedAt(tx: EntityManager, storeId: string, businessDate: string): Promise<Date | null> {
  const [row] = await tx.query<{ madeAt: Date | null }[]>(
    `SELECT made_at AS "madeAt" FROM store_day WHERE store_id = $1 AND business_date = $2`,
    [storeId, businessDate],
  );
  return row?.madeAt ?? null;
}

/** Reports, newest date first; one more than asked tells whether there are more. */
export function reportsBefore(
  tx: EntityManager,
  storeIds: readonly string[] | undefined,
  before: readonly [date: string, storeId: string] | undefined,
  limit: number,
): Promise<ReportRow[]> {
  return tx.query(
    `SELECT ${columns} FROM store_day
     WHERE made_at IS NOT NULL AND programme_id IS NOT NULL AND ($1::uuid[] IS NULL OR store_id = ANY ($1))
       AND ($2::date IS NULL OR (business_date, store_id) < ($2, $3::uuid))
     ORDER BY business_date DESC, store_id DESC LIMIT $4`,
    [storeIds ?? null, before?.[0] ?? null, before?.[1] ?? null, limit + 1],
  );
}
