import type { DataSource, EntityManager } from 'typeorm';

/** A lane that waits for a lock is a queue of tills: what does not come at once is tried again in an hour. */
const LOCK_TIMEOUT = '150ms';

export async function addMonths(tx: EntityManager, back: number, ahead: number): Promise<number> {
  const [row] = await tx.query<{ added: number }[]>(`SELECT purchase_add_months($1, $2) AS added`, [back, ahead]);
  return row?.added ?? 0;
}

/**
 * Tables of months that ended `kept` months ago or earlier, oldest first. A month stays while one of its purchases waits
 * for its member, for its decision, or for nothing but a refund that came early.
 */
export async function forgettableMonths(source: DataSource, kept: number): Promise<string[]> {
  const rows = await source.query<{ name: string }[]>(
    // Materialized, because a plan may otherwise read a date out of the names of all tables.
    `WITH child AS MATERIALIZED (
       SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
       WHERE i.inhparent = 'purchase'::regclass)
     SELECT month.name FROM (SELECT name, to_date(right(name, 6), 'YYYYMM') AS first FROM child) month
     WHERE month.first + make_interval(months => $1 + 1) <= date_trunc('month', now() AT TIME ZONE 'UTC')
       AND NOT EXISTS (SELECT FROM pending_purchase p
         WHERE p.business_date >= month.first AND p.business_date < month.first + interval '1 month')
       AND NOT EXISTS (SELECT FROM purchase_hold h WHERE h.decision IS NULL
         AND h.business_date >= month.first AND h.business_date < month.first + interval '1 month')
       AND NOT EXISTS (SELECT FROM refund r WHERE r.state = 'waiting'
         AND r.purchase_business_date >= month.first AND r.purchase_business_date < month.first + interval '1 month')
     ORDER BY month.first`,
    [kept],
  );
  return rows.map(({ name }) => name);
}

export async function dropMonth(source: DataSource, name: string): Promise<void> {
  await source.transaction(async (tx) => {
    await tx.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
    await tx.query(`DROP TABLE "${name}"`);
  });
}
