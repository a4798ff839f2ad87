import type { EntityManager } from 'typeorm';

/** Calls of one subject. */
export interface CallCount {
  readonly subject: string;
  readonly calls: number;
}

/** Adds calls and answers the sums by subject. In the order of subjects, so that two gateways never wait in a circle. */
export async function addCalls(tx: EntityManager, counts: readonly CallCount[]): Promise<Map<string, number>> {
  const sums = await tx.query<{ subject: string; calls: string }[]>(
    `INSERT INTO call_count (subject, calls, counted_at)
     SELECT subject, calls, now() FROM unnest($1::text[], $2::bigint[]) AS told (subject, calls) ORDER BY subject
     ON CONFLICT (subject) DO UPDATE SET calls = call_count.calls + EXCLUDED.calls, counted_at = now()
     RETURNING subject, calls`,
    [counts.map(({ subject }) => subject), counts.map(({ calls }) => calls)],
  );
  return new Map(sums.map(({ subject, calls }) => [subject, Number(calls)]));
}

/** Forgets some of the subjects that nobody has mentioned for a minute. */
export async function forgetOldCounts(tx: EntityManager): Promise<void> {
  await tx.query(
    `DELETE FROM call_count WHERE subject IN (
       SELECT subject FROM call_count WHERE counted_at < now() - interval '1 minute' LIMIT 500 FOR UPDATE SKIP LOCKED)`,
  );
}
