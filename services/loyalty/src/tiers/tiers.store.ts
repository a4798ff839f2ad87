import type { EntityManager } from 'typeorm';
import type { OpenAccount } from '../points/ledger.js';
import type { KeptTier } from './review.js';
import type { RecordedChange } from './tier-events.js';

type AccountKey = Pick<OpenAccount, 'memberId' | 'programmeId'>;

/** A tier that is kept, as it stands. */
export interface KeptRow extends KeptTier, AccountKey {}

type Row = { [Key in keyof KeptRow]: KeptRow[Key] | null };

const keptColumns = `a.member_id AS "memberId", a.programme_id AS "programmeId", a.tier, a.tier_since::text AS since,
  a.tier_basis_on::text AS "basisOn", a.tier_until::text AS until, a.tier_stage AS stage, a.tier_due_on::text AS "dueOn"`;

/** Accounts about whose tier something is due, longest due first: a range of account_tier_due. */
export function dueAccounts(
  tx: EntityManager,
  programmeId: string,
  today: string,
  most: number,
): Promise<AccountKey[]> {
  return tx.query(
    `SELECT member_id AS "memberId", programme_id AS "programmeId" FROM account
     WHERE programme_id = $1 AND tier_due_on <= $2 ORDER BY tier_due_on LIMIT $3`,
    [programmeId, today, most],
  );
}

/** The tiers that these accounts keep; none for those that never reached one. */
export async function keptTiers(tx: EntityManager, accounts: readonly AccountKey[]): Promise<KeptRow[]> {
  const rows = await tx.query<Row[]>(
    `SELECT ${keptColumns} FROM unnest($1::uuid[], $2::uuid[]) k (member_id, programme_id)
     JOIN account a ON a.member_id = k.member_id AND a.programme_id = k.programme_id
     WHERE a.tier IS NOT NULL ORDER BY a.member_id`,
    [accounts.map(({ memberId }) => memberId), accounts.map(({ programmeId }) => programmeId)],
  );
  return rows.map((row) => ({
    memberId: row.memberId ?? '',
    programmeId: row.programmeId ?? '',
    tier: row.tier ?? '',
    since: row.since ?? '',
    basisOn: row.basisOn ?? undefined,
    until: row.until ?? undefined,
    stage: row.stage ?? 'kept',
    dueOn: row.dueOn ?? undefined,
  }));
}

/** The tier that an account keeps from now on; null for none. */
export interface TierOfAccount {
  readonly memberId: string;
  readonly programmeId: string;
  readonly kept: KeptTier | null;
}

/** Accounts of members whose locks are held. */
export async function setTiers(tx: EntityManager, rows: readonly TierOfAccount[]): Promise<void> {
  const field = <Key extends keyof KeptTier>(key: Key) => rows.map(({ kept }) => kept?.[key] ?? null);
  await tx.query(
    `UPDATE account a SET tier = k.tier, tier_since = k.since, tier_basis_on = k.basis_on, tier_until = k.until,
       tier_stage = k.stage, tier_due_on = k.due_on
     FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::date[], $5::date[], $6::date[], $7::text[], $8::date[])
       k (member_id, programme_id, tier, since, basis_on, until, stage, due_on)
     WHERE a.member_id = k.member_id AND a.programme_id = k.programme_id`,
    [
      rows.map(({ memberId }) => memberId),
      rows.map(({ programmeId }) => programmeId),
      field('tier'),
      field('since'),
      field('basisOn'),
      field('until'),
      field('stage'),
      field('dueOn'),
    ],
  );
}

/** A stretch of days of a member. */
export interface Stretch extends AccountKey {
  readonly from: string;
  readonly until: string;
}

/** What counted in each stretch, minor units, in order: ranges of member_day's primary key. */
export async function spentIn(tx: EntityManager, stretches: readonly Stretch[]): Promise<number[]> {
  const rows = await tx.query<{ spent: number }[]>(
    `SELECT (
       SELECT coalesce(sum(d.spent_minor), 0)::bigint FROM member_day d
       WHERE d.member_id = s.member_id AND d.programme_id = s.programme_id
         AND d.business_date BETWEEN s.first_day AND s.last_day
     ) AS spent
     FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::date[]) WITH ORDINALITY
       s (member_id, programme_id, first_day, last_day, place) ORDER BY s.place`,
    [
      stretches.map(({ memberId }) => memberId),
      stretches.map(({ programmeId }) => programmeId),
      stretches.map(({ from }) => from),
      stretches.map(({ until }) => until),
    ],
  );
  return rows.map(({ spent }) => spent);
}

const changeColumns = `change_id AS "changeId", member_id AS "memberId", programme_id AS "programmeId", kind,
  from_tier AS "fromTier", to_tier AS "toTier", happened_on::text AS "happenedOn", kept_until::text AS "keptUntil",
  counted_from::text AS "countedFrom", counted_until::text AS "countedUntil", spent_minor AS "spentMinor",
  missing_minor AS "missingMinor", reason, actor, (date_part('epoch', changed_at) * 1000)::bigint AS "changedMs"`;

/** Changes of a member's tiers before one of them, newest first; one more than asked tells whether there are more. */
export function changesBefore(
  tx: EntityManager,
  memberId: string,
  before: string | undefined,
  limit: number,
): Promise<RecordedChange[]> {
  return tx.query(
    `SELECT ${changeColumns} FROM tier_change WHERE member_id = $1 AND ($2::uuid IS NULL OR change_id < $2)
     ORDER BY change_id DESC LIMIT $3`,
    [memberId, before ?? null, limit + 1],
  );
}

export async function findChange(
  tx: EntityManager,
  memberId: string,
  changeId: string,
): Promise<RecordedChange | undefined> {
  const [row] = await tx.query<RecordedChange[]>(
    `SELECT ${changeColumns} FROM tier_change WHERE member_id = $1 AND change_id = $2`,
    [memberId, changeId],
  );
  return row;
}

/** A purchase or refund that counted. */
export interface CountedRow {
  readonly entryId: string;
  readonly memberSeq: number;
  readonly sourceId: string;
  readonly businessDate: string;
  readonly storeId: string | null;
  readonly countedMinor: number;
}

/** What counted for a change, in the member's order; one more than asked tells whether there are more. */
export function countedAfter(
  tx: EntityManager,
  { memberId, programmeId, countedFrom, countedUntil }: RecordedChange,
  afterSeq: number,
  limit: number,
): Promise<CountedRow[]> {
  return tx.query(
    `SELECT entry_id AS "entryId", member_seq AS "memberSeq", source_id AS "sourceId",
       business_date::text AS "businessDate", store_id AS "storeId",
       CASE kind WHEN 'earn' THEN (explain->0->2->>'counted_minor')::bigint
         ELSE -coalesce((explain->0->2->>'counted_minor')::bigint, 0) END AS "countedMinor"
     FROM entry
     WHERE member_id = $1 AND programme_id = $2 AND kind IN ('earn', 'refund-reversal') AND member_seq > $5
       AND coalesce(to_date(explain->0->2->>'bought_on', 'YYYYMMDD'), business_date) BETWEEN $3 AND $4
     ORDER BY member_seq LIMIT $6`,
    [memberId, programmeId, countedFrom, countedUntil, afterSeq, limit + 1],
  );
}
