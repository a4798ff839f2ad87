import type { MemberReference } from '@regulars/contracts/loyalty/v1/purchases';
import type { QueryConfig } from 'pg';
import { column, columnOf } from '../lanes/column.js';
import type { NewKept } from './promotion.js';
import type { RecordedChange } from './tier-events.js';

/** Who a purchase is for, in which programme. */
export interface Asked {
  readonly programmeId: string;
  readonly reference: MemberReference | undefined;
}

/**
 * The tiers that members keep, for items whose locks the same transaction holds already; sent right behind them, so that
 * it costs no round trip. Probes of member's unique indexes and of account's primary key.
 */
export function keptTiersStatement(asked: readonly Asked[]): QueryConfig {
  const ids: (string | null)[] = [];
  const numbers: (string | null)[] = [];
  const tokens: (Buffer | null)[] = [];
  for (const { reference } of asked) {
    const by = reference?.by;
    ids.push(by?.$case === 'memberId' ? by.value : null);
    numbers.push(by?.$case === 'number' ? by.value : null);
    tokens.push(by?.$case === 'codeTokenSha256' ? Buffer.from(by.value) : null);
  }
  return {
    name: 'kept_tiers',
    text: `SELECT a.tier
      FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[]) WITH ORDINALITY
        r (programme_id, member_id, number, token, item)
      LEFT JOIN LATERAL (
        SELECT coalesce(
          (SELECT coalesce(m.merged_into, m.member_id) FROM member m WHERE m.member_id = r.member_id),
          (SELECT coalesce(m.merged_into, m.member_id) FROM member m WHERE m.number = r.number),
          (SELECT coalesce(m.merged_into, m.member_id) FROM member m WHERE m.code_token_sha256 = r.token)) AS member_id
      ) m ON true
      LEFT JOIN account a ON a.member_id = m.member_id AND a.programme_id = r.programme_id
      ORDER BY r.item`,
    values: [columnOf(asked, ({ programmeId }) => programmeId), column(ids), column(numbers), column(tokens)],
  };
}

/** Writes the tiers of accounts whose members' locks are held; each account once. */
export function keepStatement(kept: readonly NewKept[]): QueryConfig {
  return {
    name: 'keep_tiers',
    text: `UPDATE account a SET tier = k.tier, tier_since = k.since, tier_basis_on = k.basis_on, tier_until = k.until,
        tier_stage = k.stage, tier_due_on = k.due_on
      FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::date[], $5::date[], $6::date[], $7::text[], $8::date[])
        k (member_id, programme_id, tier, since, basis_on, until, stage, due_on)
      WHERE a.member_id = k.member_id AND a.programme_id = k.programme_id`,
    values: [
      columnOf(kept, ({ memberId }) => memberId),
      columnOf(kept, ({ programmeId }) => programmeId),
      columnOf(kept, ({ tier }) => tier),
      columnOf(kept, ({ since }) => since),
      columnOf(kept, ({ basisOn }) => basisOn ?? null),
      columnOf(kept, ({ until }) => until ?? null),
      columnOf(kept, ({ stage }) => stage),
      columnOf(kept, ({ dueOn }) => dueOn ?? null),
    ],
  };
}

/** Writes the history. */
export function changesStatement(changes: readonly RecordedChange[]): QueryConfig {
  return {
    name: 'record_tier_changes',
    text: `INSERT INTO tier_change (change_id, member_id, programme_id, kind, from_tier, to_tier, happened_on, kept_until,
        counted_from, counted_until, spent_minor, missing_minor, reason, actor, changed_at)
      SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::date[],
        $8::date[], $9::date[], $10::date[], $11::bigint[], $12::bigint[], $13::text[], $14::text[],
        $15::timestamptz[])`,
    values: [
      columnOf(changes, ({ changeId }) => changeId),
      columnOf(changes, ({ memberId }) => memberId),
      columnOf(changes, ({ programmeId }) => programmeId),
      columnOf(changes, ({ kind }) => kind),
      columnOf(changes, ({ fromTier }) => fromTier),
      columnOf(changes, ({ toTier }) => toTier),
      columnOf(changes, ({ happenedOn }) => happenedOn),
      columnOf(changes, ({ keptUntil }) => keptUntil ?? null),
      columnOf(changes, ({ countedFrom }) => countedFrom),
      columnOf(changes, ({ countedUntil }) => countedUntil),
      columnOf(changes, ({ spentMinor }) => spentMinor),
      columnOf(changes, ({ missingMinor }) => missingMinor),
      columnOf(changes, ({ reason }) => reason),
      columnOf(changes, ({ actor }) => actor),
      columnOf(changes, ({ changedMs }) => new Date(changedMs).toISOString()),
    ],
  };
}

/** Tiers above the lowest become due on a date at the latest. */
export function reviewSoonStatement(
  accounts: readonly { readonly memberId: string; readonly programmeId: string }[],
  date: string,
): QueryConfig {
  return {
    name: 'review_tiers_soon',
    text: `UPDATE account a SET tier_due_on = least(a.tier_due_on, $3::date)
      FROM unnest($1::uuid[], $2::uuid[]) k (member_id, programme_id)
      WHERE a.member_id = k.member_id AND a.programme_id = k.programme_id AND a.tier_due_on IS NOT NULL`,
    values: [
      columnOf(accounts, ({ memberId }) => memberId),
      columnOf(accounts, ({ programmeId }) => programmeId),
      date,
    ],
  };
}
