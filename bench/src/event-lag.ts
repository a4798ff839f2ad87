import type { Laboratory } from './laboratory.js';
import { withClient } from './yardstick.js';

/**
 * From the moment a purchase was booked (`posted_at`, read before its transaction is written) to the moment at which
 * notifications applied its event (`created_at` of the message that it caused).
 */
export async function measureEventLag(
  { platform }: Laboratory,
  during: { from: Date; to: Date },
): Promise<{ p50Ms: number; p99Ms: number; events: number }> {
  return withClient(platform.database.adminUrl, async (client) => {
    const { rows } = await client.query<{ p50: number | null; p99: number | null; events: string }>(
      `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS p50,
         percentile_cont(0.99) WITHIN GROUP (ORDER BY ms) AS p99, count(*) AS events
       FROM (
         SELECT extract(epoch FROM m.created_at - e.posted_at) * 1000 AS ms
         FROM loyalty.entry e
         JOIN notifications.message m ON m.cause_id = e.entry_id
         WHERE e.posted_at BETWEEN $1 AND $2
       ) lag`,
      [during.from, during.to],
    );
    const [found] = rows;
    return { p50Ms: found?.p50 ?? Number.NaN, p99Ms: found?.p99 ?? Number.NaN, events: Number(found?.events) };
  });
}
