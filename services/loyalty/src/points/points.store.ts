import type { EntityManager } from 'typeorm';
import type { Step } from './accrual.js';
import type { EntryRow } from './entry.js';

/** The tier period of a programme as of today. */
export interface TierPeriod {
  readonly programmeId: string;
  /** The last date that no longer counts. */
  readonly begins: string;
}

/** An account as it stands now. */
export interface AccountRow {
  readonly programmeId: string;
  /** Without what has ended but is not booked yet. */
  readonly balance: number;
  readonly spentMinor: number;
  readonly expiringPoints: number;
  readonly expiringAt: Date | null;
}

/** Accounts of a member in these programmes, in one statement: primary keys of account, member_day and lot. */
export function accountsOf(
  tx: EntityManager,
  memberId: string,
  periods: readonly TierPeriod[],
  now: Date,
): Promise<AccountRow[]> {
  return tx.query(
    `SELECT a.programme_id AS "programmeId", a.balance - l.ended AS balance, coalesce(d.spent, 0)::bigint AS "spentMinor",
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
     ) l ON true`,
    [memberId, periods.map(({ programmeId }) => programmeId), periods.map(({ begins }) => begins), now],
  );
}

const entryColumns = `entry_id AS "entryId", member_id AS "memberId", programme_id AS "programmeId",
  member_seq AS "memberSeq", kind, points, balance_after AS "balanceAfter", source_id AS "sourceId",
  store_id AS "storeId", business_date::text AS "businessDate", posted_at AS "postedAt"`;

/** Entries before a place in the member's order, newest first; one more than asked tells whether there are more. */
export function entriesBefore(
  tx: EntityManager,
  memberId: string,
  programmeId: string,
  beforeSeq: number | undefined,
  limit: number,
): Promise<EntryRow[]> {
  return tx.query(
    `SELECT ${entryColumns} FROM entry
     WHERE member_id = $1 AND programme_id = $2 AND member_seq < $3 ORDER BY member_seq DESC LIMIT $4`,
    [memberId, programmeId, beforeSeq ?? Number.MAX_SAFE_INTEGER, limit + 1],
  );
}

/** A stretch of time in a member's ledger, epoch milliseconds; `untilMs` is no longer in it. */
export interface Stretch {
  readonly memberId: string;
  readonly programmeId: string;
  readonly from: Date;
  readonly until: Date;
}

/** Sums of a stretch, and the balances around it. Posting times of a member rise with member_seq. */
export async function sumsOf(tx: EntityManager, { memberId, programmeId, from, until }: Stretch) {
  const [sums] = await tx.query<{ opening: number; closing: number; earned: number; taken: number }[]>(
    `SELECT
       coalesce((SELECT balance_after FROM entry WHERE member_id = $1 AND programme_id = $2 AND posted_at < $3
         ORDER BY member_seq DESC LIMIT 1), 0) AS opening,
       coalesce((SELECT balance_after FROM entry WHERE member_id = $1 AND programme_id = $2 AND posted_at < $4
         ORDER BY member_seq DESC LIMIT 1), 0) AS closing,
       coalesce(sum(points) FILTER (WHERE points > 0), 0)::bigint AS earned,
       coalesce(sum(points) FILTER (WHERE points < 0), 0)::bigint AS taken
     FROM entry WHERE member_id = $1 AND programme_id = $2 AND posted_at >= $3 AND posted_at < $4`,
    [memberId, programmeId, from, until],
  );
  return sums ?? { opening: 0, closing: 0, earned: 0, taken: 0 };
}

/** Entries of a stretch after a place in the member's order, oldest first; one more than asked. */
export function entriesIn(
  tx: EntityManager,
  { memberId, programmeId, from, until }: Stretch,
  afterSeq: number,
  limit: number,
): Promise<EntryRow[]> {
  return tx.query(
    `SELECT ${entryColumns} FROM entry
     WHERE member_id = $1 AND programme_id = $2 AND member_seq > $5 AND posted_at >= $3 AND posted_at < $4
     ORDER BY member_seq LIMIT $6`,
    [memberId, programmeId, from, until, afterSeq, limit + 1],
  );
}

/** An entry with the version and the steps that explain it. */
export async function findEntry(tx: EntityManager, entryId: string) {
  const [row] = await tx.query<(EntryRow & { programmeVersion: number; steps: readonly Step[] })[]>(
    `SELECT ${entryColumns}, programme_version AS "programmeVersion", explain AS steps FROM entry WHERE entry_id = $1`,
    [entryId],
  );
  return row;
}
