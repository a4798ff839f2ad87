import type pg from 'pg';
import type { Step } from './accrual.js';
import type { EntryRow } from './entry.js';

/** Runs named statements: each connection plans them once. */
export type Reader = Pick<pg.Pool, 'query'>;

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
  /** The tier that is kept until its review; null for none. */
  readonly keptTier: string | null;
  readonly expiringPoints: number;
  readonly expiringAt: Date | null;
}

/** Accounts of a member in these programmes, in one statement: primary keys of account, member_day and lot. */
export async function accountsOf(
  reader: Reader,
  memberId: string,
  periods: readonly TierPeriod[],
  now: Date,
): Promise<AccountRow[]> {
  const { rows } = await reader.query<AccountRow>({
    name: 'accounts_of',
    text: `SELECT a.programme_id AS "programmeId", a.balance - l.ended AS balance,
       coalesce(d.spent, 0)::bigint AS "spentMinor", a.tier AS "keptTier", coalesce(l.next_points, 0)::bigint AS "expiringPoints",
       l.next_at AS "expiringAt"
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
    values: [memberId, periods.map(({ programmeId }) => programmeId), periods.map(({ begins }) => begins), now],
  });
  return rows;
}

/** What members of a programme have spent in its tier period, in the order of their ids. */
export async function spendingAfter(
  reader: Reader,
  { programmeId, begins }: TierPeriod,
  afterMember: string,
  most: number,
): Promise<{ memberId: string; spentMinor: number; keptTier: string | null }[]> {
  const { rows } = await reader.query<{ memberId: string; spentMinor: number; keptTier: string | null }>({
    name: 'spending_after',
    text: `SELECT a.member_id AS "memberId", coalesce(d.spent, 0)::bigint AS "spentMinor", a.tier AS "keptTier"
     FROM account a
     LEFT JOIN LATERAL (
       SELECT sum(spent_minor) AS spent FROM member_day
       WHERE member_id = a.member_id AND programme_id = a.programme_id AND business_date > $2
     ) d ON true
     WHERE a.programme_id = $1 AND a.member_id > $3 ORDER BY a.member_id LIMIT $4`,
    values: [programmeId, begins, afterMember, most],
  });
  return rows;
}

/** In which of the programmes the member has an account. */
export async function programmesOf(reader: Reader, memberId: string, among: readonly string[]): Promise<string[]> {
  const { rows } = await reader.query<{ programme_id: string }>({
    name: 'programmes_of',
    text: `SELECT programme_id FROM account WHERE member_id = $1 AND programme_id = ANY ($2::uuid[])`,
    values: [memberId, among],
  });
  return rows.map(({ programme_id }) => programme_id);
}

const entryColumns = `entry_id AS "entryId", member_id AS "memberId", programme_id AS "programmeId",
  member_seq AS "memberSeq", kind, points, balance_after AS "balanceAfter", source_id AS "sourceId",
  store_id AS "storeId", business_date::text AS "businessDate", posted_at AS "postedAt"`;

/** Entries before a place in the member's order, newest first; one more than asked tells whether there are more. */
export async function entriesBefore(
  reader: Reader,
  memberId: string,
  programmeId: string,
  beforeSeq: number | undefined,
  limit: number,
): Promise<EntryRow[]> {
  const { rows } = await reader.query<EntryRow>({
    name: 'entries_before',
    text: `SELECT ${entryColumns} FROM entry
     WHERE member_id = $1 AND programme_id = $2 AND member_seq < $3 ORDER BY member_seq DESC LIMIT $4`,
    values: [memberId, programmeId, beforeSeq ?? Number.MAX_SAFE_INTEGER, limit + 1],
  });
  return rows;
}

/** A stretch of time in a member's ledger; `until` is no longer in it. */
export interface Stretch {
  readonly memberId: string;
  readonly programmeId: string;
  readonly from: Date;
  readonly until: Date;
}

/** Sums of a stretch and the balances around it. */
export interface Sums {
  readonly opening: number;
  readonly closing: number;
  readonly earned: number;
  readonly taken: number;
}

/**
 * Sums of a stretch, and its entries after a place in the member's order, oldest first, one more than asked: in one
 * statement, so that they are of one moment. Posting times of a member rise with member_seq.
 */
export async function stretchOf(
  reader: Reader,
  { memberId, programmeId, from, until }: Stretch,
  afterSeq: number,
  limit: number,
): Promise<{ sums: Sums; entries: EntryRow[] }> {
  const { rows } = await reader.query<Sums & (EntryRow | { entryId: null })>({
    name: 'stretch_of',
    text: `SELECT sums.*, page.* FROM (
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
       SELECT ${entryColumns} FROM entry
       WHERE member_id = $1 AND programme_id = $2 AND member_seq > $5 AND posted_at >= $3 AND posted_at < $4
       ORDER BY member_seq LIMIT $6
     ) page ON true
     ORDER BY page."memberSeq"`,
    values: [memberId, programmeId, from, until, afterSeq, limit + 1],
  });
  const [sums] = rows;
  if (!sums) throw new Error('sums over no rows are one row all the same');
  const { opening, closing, earned, taken } = sums;
  return {
    sums: { opening, closing, earned, taken },
    entries: rows.flatMap((row) => (row.entryId === null ? [] : [row])),
  };
}

/** An entry with the version and the steps that explain it. */
export async function findEntry(reader: Reader, entryId: string) {
  const { rows } = await reader.query<EntryRow & { programmeVersion: number; steps: readonly Step[] }>({
    name: 'find_entry',
    text: `SELECT ${entryColumns}, programme_version AS "programmeVersion", explain AS steps FROM entry
     WHERE entry_id = $1`,
    values: [entryId],
  });
  return rows[0];
}
