import type { Page } from '@regulars/service';
import type { EntityManager } from 'typeorm';

/** What is told of a contact when it changes hands. */
export interface HeldContact {
  readonly memberId: string;
  readonly mobileSealed: Buffer | null;
  readonly emailSealed: Buffer | null;
  readonly seenAt: Date;
}

export interface ContactChangeRow {
  readonly memberId: string;
  readonly kind: 'mobile' | 'email';
  readonly oldSealed: Buffer | null;
  readonly newSealed: Buffer | null;
  readonly changedAt: Date;
  readonly changedBy: string;
  readonly changedFrom: string;
  readonly reason: string;
}

/** Whoever holds a contact, looked for in both places. */
export async function holderOf(
  tx: EntityManager,
  kind: 'mobile' | 'email',
  [index, index1]: readonly (Buffer | null)[],
): Promise<{ memberId: string; seenAt: Date } | undefined> {
  const [holder] = await tx.query<{ memberId: string; seenAt: Date }[]>(
    `SELECT member_id AS "memberId", seen_at AS "seenAt" FROM member WHERE ${kind}_index = $1 OR ${kind}_index_1 = $2`,
    [index ?? null, index1 ?? null],
  );
  return holder;
}

/** Locks members, in an order that is the same for everyone. */
export function lockMembers(tx: EntityManager, memberIds: readonly string[]): Promise<HeldContact[]> {
  return tx.query<HeldContact[]>(
    `SELECT member_id AS "memberId", mobile_sealed AS "mobileSealed", email_sealed AS "emailSealed", seen_at AS "seenAt"
     FROM member WHERE member_id = ANY ($1::uuid[]) ORDER BY member_id FOR UPDATE`,
    [memberIds],
  );
}

/** The member has the contact no more. */
export async function releaseContact(tx: EntityManager, memberId: string, kind: 'mobile' | 'email'): Promise<void> {
  await tx.query(
    `UPDATE member SET ${kind}_sealed = NULL, ${kind}_index = NULL, ${kind}_index_1 = NULL, ${kind}_verified_at = NULL
     WHERE member_id = $1`,
    [memberId],
  );
}

/** The member has proved to have the contact. */
export async function holdContact(
  tx: EntityManager,
  kind: 'mobile' | 'email',
  held: { memberId: string; sealed: Buffer; indexes: readonly (Buffer | null)[]; slots: number; at: Date },
): Promise<void> {
  await tx.query(
    `UPDATE member SET ${kind}_sealed = $2, ${kind}_index = $3, ${kind}_index_1 = $4, ${kind}_verified_at = $5,
       index_slots = $6, compared_under = NULL, seen_at = greatest(seen_at, $5), confirmed_at = greatest(confirmed_at, $5)
     WHERE member_id = $1`,
    [held.memberId, held.sealed, held.indexes[0] ?? null, held.indexes[1] ?? null, held.at, held.slots],
  );
}

export async function addContactChange(tx: EntityManager, row: ContactChangeRow): Promise<void> {
  await tx.query(
    `INSERT INTO contact_change (member_id, kind, old_sealed, new_sealed, changed_at, changed_by, changed_from, reason)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [row.memberId, row.kind, row.oldSealed, row.newSealed, row.changedAt, row.changedBy, row.changedFrom, row.reason],
  );
}

/** One more than a page of the changes of a member, newest first. */
export function contactChangesOf(
  tx: EntityManager,
  memberId: string,
  page: Page,
): Promise<(ContactChangeRow & { readonly change: number })[]> {
  return tx.query(
    `SELECT change, member_id AS "memberId", kind, old_sealed AS "oldSealed", new_sealed AS "newSealed",
       changed_at AS "changedAt", changed_by AS "changedBy", changed_from AS "changedFrom", reason
     FROM contact_change WHERE member_id = $1 AND ($2::bigint IS NULL OR change < $2) ORDER BY change DESC LIMIT $3`,
    [memberId, page.after?.[0] ?? null, page.limit + 1],
  );
}

/** There was a sign of life of the member. */
export async function seen(tx: EntityManager, memberId: string, at: Date): Promise<void> {
  await tx.query('UPDATE member SET seen_at = greatest(seen_at, $2) WHERE member_id = $1', [memberId, at]);
}

/** Who holds mobiles or e-mails, by their indexes in hex. */
export async function holdersOf(
  tx: EntityManager,
  kind: 'mobile' | 'email',
  indexes: readonly (readonly (Buffer | null)[])[],
): Promise<Map<string, Date>> {
  const [first, second] = [0, 1].map((slot) => indexes.flatMap((each) => each[slot] ?? []));
  const rows = await tx.query<{ index: Buffer | null; index1: Buffer | null; seenAt: Date }[]>(
    `SELECT ${kind}_index AS index, ${kind}_index_1 AS index1, seen_at AS "seenAt" FROM member
     WHERE ${kind}_index = ANY ($1::bytea[]) OR ${kind}_index_1 = ANY ($2::bytea[])`,
    [first, second],
  );
  return new Map(
    rows.flatMap(({ index, index1, seenAt }) =>
      [index, index1].flatMap((each) => (each ? [[each.toString('hex'), seenAt] as const] : [])),
    ),
  );
}
