import type { MemberReference } from '@regulars/contracts/loyalty/v1/purchases';
import type { QueryConfig } from 'pg';
import { column, columnOf } from '../lanes/column.js';
import type { Movement } from './watch.js';

/** A stretch of time, both ends not in it. */
interface Stretch {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Whose movements are asked for. */
export interface AskedMember extends Stretch {
  readonly programmeId: string;
  readonly reference: MemberReference;
}

/** Of which till. */
export interface AskedTill extends Stretch {
  readonly tillId: string;
}

export type MovementRow = [
  kind: Movement['kind'],
  sourceId: string,
  programmeId: string,
  memberId: string,
  tillId: string,
  rungMs: number,
];

/**
 * Locks tills until the transaction ends, sorted, after the members (lock order: members, tills, keys, claims): what is
 * read of them afterwards is everything that others have committed.
 */
export function lockTillsStatement(tillIds: readonly string[]): QueryConfig {
  return {
    name: 'lock_tills',
    text: `SELECT pg_advisory_xact_lock(held.lock)
      FROM (SELECT DISTINCT uuid_hash_extended(t, 1) AS lock FROM unnest($1::uuid[]) t ORDER BY 1) held`,
    values: [column(tillIds)],
  };
}

/**
 * Movements of members and tills in their stretches, some perhaps twice; ranges of watched_of_member and
 * watched_at_till. What a till does in a day is a few thousand; more than that tells nothing more.
 */
export function movementsStatement(members: readonly AskedMember[], tills: readonly AskedTill[]): QueryConfig {
  const by = members.map(({ reference }) => reference.by);
  return {
    name: 'watched_movements',
    text: `SELECT w.kind, w.source_id, w.programme_id, w.member_id, w.till_id,
        (date_part('epoch', w.rung_at) * 1000)::bigint
      FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::timestamptz[], $6::timestamptz[])
        r (programme_id, member_id, number, token, from_at, until_at)
      CROSS JOIN LATERAL (
        SELECT coalesce(
          (SELECT coalesce(m.merged_into, m.member_id) FROM member m WHERE m.member_id = r.member_id),
          (SELECT coalesce(m.merged_into, m.member_id) FROM member m WHERE m.number = r.number),
          (SELECT coalesce(m.merged_into, m.member_id) FROM member m WHERE m.code_token_sha256 = r.token)) AS member_id
      ) m
      CROSS JOIN LATERAL (
        SELECT * FROM watched_movement w
        WHERE w.member_id = m.member_id AND w.programme_id = r.programme_id AND w.rung_at > r.from_at
          AND w.rung_at < r.until_at
        LIMIT 5000
      ) w
      UNION ALL
      SELECT w.kind, w.source_id, w.programme_id, w.member_id, w.till_id,
        (date_part('epoch', w.rung_at) * 1000)::bigint
      FROM unnest($7::uuid[], $8::timestamptz[], $9::timestamptz[]) r (till_id, from_at, until_at)
      CROSS JOIN LATERAL (
        SELECT * FROM watched_movement w
        WHERE w.till_id = r.till_id AND w.rung_at > r.from_at AND w.rung_at < r.until_at
        LIMIT 20000
      ) w`,
    values: [
      columnOf(members, ({ programmeId }) => programmeId),
      column(by.map((told) => (told?.$case === 'memberId' ? told.value : null))),
      column(by.map((told) => (told?.$case === 'number' ? told.value : null))),
      column(by.map((told) => (told?.$case === 'codeTokenSha256' ? Buffer.from(told.value) : null))),
      columnOf(members, ({ fromMs }) => instant(fromMs)),
      columnOf(members, ({ untilMs }) => instant(untilMs)),
      columnOf(tills, ({ tillId }) => tillId),
      columnOf(tills, ({ fromMs }) => instant(fromMs)),
      columnOf(tills, ({ untilMs }) => instant(untilMs)),
    ],
  };
}

/** Keeps movements for those that come. */
export function recordMovementsStatement(movements: readonly Movement[]): QueryConfig {
  return {
    name: 'record_watched',
    text: `INSERT INTO watched_movement (kind, source_id, programme_id, member_id, till_id, rung_at)
      SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[])`,
    values: [
      columnOf(movements, ({ kind }) => kind),
      columnOf(movements, ({ sourceId }) => sourceId),
      columnOf(movements, ({ programmeId }) => programmeId),
      columnOf(movements, ({ memberId }) => memberId),
      columnOf(movements, ({ tillId }) => tillId),
      columnOf(movements, ({ rungMs }) => instant(rungMs)),
    ],
  };
}

function instant(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
