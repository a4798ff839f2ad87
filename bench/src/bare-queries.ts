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

/** The statements are those of loyalty's points store, prepared as there. */
export const BARE_READS: Record<ReadName, BareRead> = {
  balance: async (pool, { memberId, programmeId, tierFrom }) => {
    const values = [memberId, [programmeId], [tierFrom], new Date()];
    return (await pool.query<object>({ name: 'accounts', text: ACCOUNTS, values })).rows[0];
  },

  statement: async (pool, { memberId, programmeId, from, until }) => {
    await pool.query<object>({ name: 'programmes', text: PROGRAMMES, values: [memberId, [programmeId]] });
    const values = [memberId, programmeId, from, until, 0, 51];
    return (await pool.query<object>({ name: 'stretch', text: STRETCH, values })).rows;
  },

  explain: async (pool, { entryId }) => {
    return (await pool.query<object>({ name: 'entry', text: ENTRY, values: [entryId] })).rows[0];
  },
};

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

const PROGRAMMES = 'SELECT programme_id FROM account WHERE member_id = $1 AND programme_id = ANY ($2::uuid[])';

const STRETCH = `
  SELECT sums.*, page.* FROM (
    SELECT
      coalesce((SELECT balance_after FROM entry WHERE member_id = $1 AND programme_id = $2 AND posted_at < $3
        ORDER BY member_seq DESC LIMIT 1), 0) AS opening,
      coalesce((SELECT balance_after FROM entry WHERE member_id = $1 AND programme_id = $2 AND posted_at < $4
        ORDER BY member_seq DESC LIMIT 1), 0) AS closing,
      coalesce(sum(points) FILTER (WHERE points > 0), 0)::bigint AS earned,
      coalesce(sum(points) FILTER (WHERE points < 0), 0)::bigint AS taken
    FROM entry WHERE member_id = $1 AND programme_id = $2 AND posted_at >= $3 AND posted_at < $4
  ) sums
  LEFT JOIN (
    SELECT ${COLUMNS} FROM entry
    WHERE member_id = $1 AND programme_id = $2 AND member_seq > $5 AND posted_at >= $3 AND posted_at < $4
    ORDER BY member_seq LIMIT $6
  ) page ON true
  ORDER BY page."memberSeq"`;

const ENTRY = `
  SELECT ${COLUMNS}, programme_version AS "programmeVersion", explain AS steps FROM entry WHERE entry_id = $1`;
