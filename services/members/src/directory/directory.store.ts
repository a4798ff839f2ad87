import type { Page } from '@regulars/service';
import type { EntityManager } from 'typeorm';

/** What members have in common who are looked for; what is undefined does not matter. */
export interface Sought {
  /** Where names are looked up now. */
  readonly slot: number;
  /** Every one of these beginnings. */
  readonly nameIndexes: readonly Buffer[];
  readonly homeStoreId: string | undefined;
  readonly tag: string | undefined;
  /** Code of the tier on which they stand. */
  readonly tier: string | undefined;
  /** Undefined for all. */
  readonly stores: readonly string[] | undefined;
}

/**
 * One more than a page of the members that fit, newest id first. The rarest filter leads: a beginning of a name, else a
 * tag, else the store, else a tier, each along an index that ends in member_id, so that a page stops early; the others are probes.
 */
export async function search(tx: EntityManager, sought: Sought, page: Page): Promise<string[]> {
  const values: unknown[] = [];
  const given = (value: unknown, type: string) => `$${values.push(value)}::${type}`;
  const { slot, nameIndexes, tag, tier, homeStoreId, stores } = sought;
  const leading = leadingOf(sought);
  const conditions = nameIndexes.map((index, at) => {
    const fits = `slot = ${given(slot, 'smallint')} AND index = ${given(index, 'bytea')}`;
    return at === 0 ? fits : `EXISTS (SELECT FROM name_index n WHERE n.member_id = found.member_id AND ${fits})`;
  });
  if (tag !== undefined) {
    const fits = `tag = ${given(tag, 'text')}`;
    const alsoHas = `EXISTS (SELECT FROM member_tag t WHERE t.member_id = found.member_id AND t.${fits})`;
    conditions.push(leading === 'member_tag' ? fits : alsoHas);
  }
  if (tier !== undefined) {
    const fits = `tier = ${given(tier, 'text')}`;
    const standsOn = `EXISTS (SELECT FROM member_tier t WHERE t.member_id = found.member_id AND t.${fits})`;
    conditions.push(leading === 'member_tier' ? fits : standsOn);
  }
  for (const allowed of [homeStoreId === undefined ? undefined : [homeStoreId], stores]) {
    if (!allowed) continue;
    const fits = `home_store_id = ANY (${given(allowed, 'uuid[]')})`;
    const belongs = `EXISTS (SELECT FROM member m WHERE m.member_id = found.member_id AND m.${fits})`;
    conditions.push(leading === 'member' ? fits : belongs);
  }
  if (page.after) conditions.push(`member_id < ${given(page.after[0], 'uuid')}`);
  const rows = await tx.query<{ memberId: string }[]>(
    `SELECT ${leading === 'member_tier' ? 'DISTINCT ' : ''}member_id AS "memberId" FROM ${leading} found WHERE ${conditions.join(' AND ')}
     ORDER BY member_id DESC LIMIT ${given(page.limit + 1, 'integer')}`,
    values,
  );
  return rows.map(({ memberId }) => memberId);
}

function leadingOf({ nameIndexes, tag, tier, homeStoreId, stores }: Sought): string {
  if (nameIndexes.length > 0) return 'name_index';
  if (tag !== undefined) return 'member_tag';
  return tier !== undefined && homeStoreId === undefined && stores === undefined ? 'member_tier' : 'member';
}

/** The tags of a member, sorted, and how often they were replaced. */
export interface StoredTags {
  readonly tags: readonly string[];
  readonly version: number;
}

/** Undefined when there is no such member. */
export async function findTags(tx: EntityManager, memberId: string): Promise<StoredTags | undefined> {
  const [row] = await tx.query<StoredTags[]>(
    `SELECT tags_version AS version, ARRAY(SELECT tag FROM member_tag t WHERE t.member_id = m.member_id ORDER BY tag) AS tags
     FROM member m WHERE member_id = $1`,
    [memberId],
  );
  return row;
}

/** Holds the member until the end of the transaction, so that of two who read the same version one is told. */
export async function lockTags(tx: EntityManager, memberId: string): Promise<Pick<StoredTags, 'version'> | undefined> {
  const [row] = await tx.query<{ version: number }[]>(
    'SELECT tags_version AS version FROM member WHERE member_id = $1 FOR NO KEY UPDATE',
    [memberId],
  );
  return row;
}

/** Answers their version, one more than before. */
export async function replaceTags(tx: EntityManager, memberId: string, tags: readonly string[]): Promise<number> {
  await tx.query('DELETE FROM member_tag WHERE member_id = $1 AND tag <> ALL ($2::text[])', [memberId, tags]);
  await tx.query('INSERT INTO member_tag SELECT tag, $1 FROM unnest($2::text[]) AS tag ON CONFLICT DO NOTHING', [
    memberId,
    tags,
  ]);
  const [rows] = await tx.query<[{ version: number }[], number]>(
    'UPDATE member SET tags_version = tags_version + 1 WHERE member_id = $1 RETURNING tags_version AS version',
    [memberId],
  );
  return rows[0]?.version ?? 0;
}

/** One more than a page of the members whose data was not confirmed since, along member_stale. */
export function staleSince(
  tx: EntityManager,
  since: Date,
  stores: readonly string[] | undefined,
  page: Page,
): Promise<{ memberId: string; confirmedAt: Date; askedAt: Date | null }[]> {
  return tx.query(
    `SELECT member_id AS "memberId", confirmed_at AS "confirmedAt", asked_at AS "askedAt" FROM member
     WHERE confirmed_at < $1 AND gone_at IS NULL AND ($2::timestamptz IS NULL OR (confirmed_at, member_id) > ($2, $3::uuid))
       AND ($4::uuid[] IS NULL OR home_store_id = ANY ($4))
     ORDER BY confirmed_at, member_id LIMIT $5`,
    [since, page.after?.[0] ?? null, page.after?.[1] ?? null, stores ?? null, page.limit + 1],
  );
}

/** Of these members, those who may be asked now: it is noted that they were. By their ids. */
export async function noteAsked(
  tx: EntityManager,
  memberIds: readonly string[],
  { at, notSince, stores }: { at: Date; notSince: Date; stores: readonly string[] | undefined },
): Promise<string[]> {
  const [rows] = await tx.query<[{ memberId: string }[], number]>(
    `UPDATE member SET asked_at = $2 WHERE member_id IN (
       SELECT member_id FROM member WHERE member_id = ANY ($1::uuid[]) ORDER BY member_id FOR UPDATE)
       AND gone_at IS NULL AND confirmed_at < $3 AND (asked_at IS NULL OR asked_at < $3)
       AND ($4::uuid[] IS NULL OR home_store_id = ANY ($4))
       AND NOT EXISTS (SELECT FROM restricted_member r WHERE r.member_id = member.member_id AND r.since IS NOT NULL)
     RETURNING member_id AS "memberId"`,
    [memberIds, at, notSince, stores ?? null],
  );
  return rows.map(({ memberId }) => memberId).sort();
}

/** False when there is no such member. */
export async function confirm(tx: EntityManager, memberId: string, at: Date): Promise<boolean> {
  const [rows] = await tx.query<[unknown[], number]>(
    'UPDATE member SET confirmed_at = greatest(confirmed_at, $2) WHERE member_id = $1 RETURNING 1',
    [memberId, at],
  );
  return rows.length === 1;
}
