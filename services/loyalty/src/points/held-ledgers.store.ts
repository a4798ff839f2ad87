import type { EntityManager } from 'typeorm';
import type { AccountState } from './ledger.js';
import type { SpendableLot } from './spending.js';

/** Locks members until the transaction ends, sorted, before anything is written (architecture: the purchase path, 3). */
export async function lockMembers(tx: EntityManager, memberIds: readonly string[]): Promise<void> {
  await tx.query(
    `SELECT pg_advisory_xact_lock(held.lock)
     FROM (SELECT DISTINCT uuid_hash_extended(m, 0) AS lock FROM unnest($1::uuid[]) m ORDER BY 1) held`,
    [memberIds],
  );
}

/** A member's account in a programme. */
export interface AccountKey {
  readonly memberId: string;
  readonly programmeId: string;
}

/** Accounts of members whose locks are held, by `memberId programmeId`; those without one are missing. */
export async function readAccounts(
  tx: EntityManager,
  keys: readonly AccountKey[],
): Promise<ReadonlyMap<string, AccountState>> {
  const rows = await tx.query<(AccountKey & Omit<AccountState, 'nextExpiryMs'> & { nextExpiryMs: number | null })[]>(
    `SELECT a.member_id AS "memberId", a.programme_id AS "programmeId", a.balance, a.debt, a.member_seq AS "memberSeq",
       (date_part('epoch', a.posted_at) * 1000)::bigint AS "postedMs",
       (date_part('epoch', a.next_expiry_at) * 1000)::bigint AS "nextExpiryMs"
     FROM unnest($1::uuid[], $2::uuid[]) k (member_id, programme_id)
     JOIN account a ON a.member_id = k.member_id AND a.programme_id = k.programme_id`,
    [keys.map(({ memberId }) => memberId), keys.map(({ programmeId }) => programmeId)],
  );
  return new Map(
    rows.map((row) => [accountName(row), { ...row, nextExpiryMs: row.nextExpiryMs ?? undefined }] as const),
  );
}

/** What names an account in a map. */
export function accountName({ memberId, programmeId }: AccountKey): string {
  return `${memberId} ${programmeId}`;
}

/** Lots of an account that have points left, also those that have ended but are not booked yet. */
export async function readLots(tx: EntityManager, { memberId, programmeId }: AccountKey): Promise<SpendableLot[]> {
  const rows = await tx.query<{ lotId: string; remaining: number; expiresMs: number | null }[]>(
    `SELECT lot_id AS "lotId", remaining, (date_part('epoch', expires_at) * 1000)::bigint AS "expiresMs"
     FROM lot WHERE member_id = $1 AND programme_id = $2 AND remaining > 0`,
    [memberId, programmeId],
  );
  return rows.map((row) => ({ ...row, expiresMs: row.expiresMs ?? undefined }));
}

/** A member as the till told it. */
export interface FoundMember {
  readonly memberId: string;
  readonly isGone: boolean;
}

/** The member behind an id, a number or a code token, who took over where it was merged. */
export async function findMember(
  tx: EntityManager,
  by: { readonly id?: string; readonly number?: string; readonly token?: Buffer },
): Promise<FoundMember | undefined> {
  const [row] = await tx.query<FoundMember[]>(
    `SELECT coalesce(m.merged_into, m.member_id) AS "memberId",
       CASE WHEN m.merged_into IS NULL THEN m.gone_at ELSE heir.gone_at END IS NOT NULL AS "isGone"
     FROM member m LEFT JOIN member heir ON heir.member_id = m.merged_into
     WHERE m.member_id = $1 OR m.number = $2 OR m.code_token_sha256 = $3 LIMIT 1`,
    [by.id ?? null, by.number ?? null, by.token ?? null],
  );
  return row;
}

/** Whether a member whose lock is held was merged into another while the lock was awaited. */
export async function isMerged(tx: EntityManager, memberId: string): Promise<boolean> {
  const [row] = await tx.query<{ merged: boolean }[]>(
    `SELECT merged_into IS NOT NULL AS merged FROM member WHERE member_id = $1`,
    [memberId],
  );
  return row?.merged ?? false;
}
