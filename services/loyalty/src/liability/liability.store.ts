import type { EntityManager } from 'typeorm';
import type { Cohort } from './forecast.js';

/** Sums over the accounts of a programme. */
export interface Sums {
  readonly balances: number;
  readonly debts: number;
}

/** What members have by their balances, and what they owe. A scan of account. */
export async function accountSums(tx: EntityManager, programmeId: string): Promise<Sums> {
  const [row] = await tx.query<Sums[]>(
    `SELECT coalesce(sum(balance), 0)::bigint AS balances, coalesce(sum(debt), 0)::bigint AS debts
     FROM account WHERE programme_id = $1`,
    [programmeId],
  );
  return row ?? { balances: 0, debts: 0 };
}

/** A cohort, and what of it has ended without being booked. */
export type CohortRow = Omit<Cohort, 'lastEndMs'> & { readonly lastEndMs: number | null; readonly unbooked: number };

/** Lots by the month of their id's time (UUIDv7), oldest first. A scan of lot. */
export function cohorts(tx: EntityManager, programmeId: string, timeZone: string, now: Date): Promise<CohortRow[]> {
  return tx.query(
    `SELECT to_char(uuid_extract_timestamp(lot_id) AT TIME ZONE $2, 'YYYY-MM') AS month, sum(points)::bigint AS issued,
       sum(expired + CASE WHEN expires_at <= $3 THEN remaining ELSE 0 END)::bigint AS ended,
       sum(CASE WHEN expires_at <= $3 THEN 0 ELSE remaining END)::bigint AS remaining,
       sum(CASE WHEN expires_at > $3 THEN remaining ELSE 0 END)::bigint AS ending,
       sum(CASE WHEN expires_at <= $3 THEN remaining ELSE 0 END)::bigint AS unbooked,
       CASE WHEN bool_and(expires_at IS NOT NULL) FILTER (WHERE remaining > 0)
         THEN (date_part('epoch', max(expires_at) FILTER (WHERE remaining > 0 AND expires_at > $3)) * 1000)::bigint
       END AS "lastEndMs"
     FROM lot WHERE programme_id = $1 GROUP BY 1 ORDER BY 1`,
    [programmeId, timeZone, now],
  );
}
