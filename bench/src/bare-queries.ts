import type pg from 'pg';
import type { ReadName } from './results.js';

/** Of whom and what is asked. */
export interface Subject {
  memberId: string;
  programmeId: string;
  entryId: string;
  /** First moment of the month that is asked for, and the first after it. */
  from: string;
  until: string;
  /** The date after which spending counts for the tier. */
  tierFrom: string;
}

/** A read as somebody would write it who had nothing but Fastify and pg. */
export type BareRead = (pool: pg.Pool, subject: Subject) => Promise<unknown>;

/** The statements are those of loyalty's points store. */
export const BARE_READS: Record<ReadName, BareRead> = {
  balance: async (pool, subject) => (await pool.query<object>(ACCOUNTS, accountValues(subject))).rows[0],

  statement: async (pool, subject) => {
    const { memberId, programmeId, from, until } = subject;
    await pool.query(ACCOUNTS, accountValues(subject));
    const client = await pool.connect();
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      const sums = await client.query<object>(SUMS, [memberId, programmeId, from, until]);
      const entries = await client.query<object>(ENTRIES, [memberId, programmeId, from, until, 0, 51]);
      await client.query('COMMIT');
      return { ...sums.rows[0], entries: entries.rows };
    } finally {
      client.release();
    }
  },

  explain: async (pool, { entryId }) => (await pool.query<object>(ENTRY, [entryId])).rows[0],
};

function accountValues({ memberId, programmeId, tierFrom }: Subject): unknown[] {
  return [memberId, [programmeId], [tierFrom], new Date()];
}

const ACCOUNTS = `
  SELECT a.programme_id AS "programmeId", a.balance - l.ended AS balance, coalesce(d.spent, 0)::bigint AS "spentMinor",
    coalesce(l.next_points, 0)::bigint AS "expiringPoints", l.next_at AS "expiringAt"
  FROM unnest($2::uuid[], $3::date[]) p (programme_id, begins)
  JOIN account a ON a.member_id = $1 AND a.programme_id = p.programme_id
  LEFT JOIN LATERAL (
    SELECT sum(spent_minor) AS spent FROM member_day
    WHERE member_id = $1 AND programme_id = p.programme_id AND business_date > p.begins
  ) d ON true
  LEFT JOIN LATERAL (
    SELECT coalesce(sum(points) FILTER (WHERE expires_at <= $4), 0)::bigint AS ended,
      min(expires_at) FILTER (WHERE expires_at > $4) AS next_at,
      (array_agg(points ORDER BY expires_at) FILTER (WHERE expires_at > $4))[1] AS next_points
    FROM (
      SELECT expires_at, sum(remaining) AS points FROM lot
      WHERE member_id = $1 AND programme_id = p.programme_id AND remaining > 0 AND expires_at IS NOT NULL
      GROUP BY expires_at
    ) ends
  ) l ON true`;

const COLUMNS = `entry_id AS "entryId", member_id AS "memberId", programme_id AS "programmeId",
  member_seq AS "memberSeq", kind, points, balance_after AS "balanceAfter", source_id AS "sourceId",
  store_id AS "storeId", business_date::text AS "businessDate", posted_at AS "postedAt"`;

const SUMS = `
  SELECT
    coalesce((SELECT balance_after FROM entry WHERE member_id = $1 AND programme_id = $2 AND posted_at < $3
      ORDER BY member_seq DESC LIMIT 1), 0) AS opening,
    coalesce((SELECT balance_after FROM entry WHERE member_id = $1 AND programme_id = $2 AND posted_at < $4
      ORDER BY member_seq DESC LIMIT 1), 0) AS closing,
    coalesce(sum(points) FILTER (WHERE points > 0), 0)::bigint AS earned,
    coalesce(sum(points) FILTER (WHERE points < 0), 0)::bigint AS taken
  FROM entry WHERE member_id = $1 AND programme_id = $2 AND posted_at >= $3 AND posted_at < $4`;

const ENTRIES = `
  SELECT ${COLUMNS} FROM entry
  WHERE member_id = $1 AND programme_id = $2 AND member_seq > $5 AND posted_at >= $3 AND posted_at < $4
  ORDER BY member_seq LIMIT $6`;

const ENTRY = `
  SELECT ${COLUMNS}, programme_version AS "programmeVersion", explain AS steps FROM entry WHERE entry_id = $1`;
