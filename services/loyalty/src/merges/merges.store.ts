import type { EntityManager } from 'typeorm';
import type { TakenFromLot } from '../points/spending.js';
import type { Before } from './before.js';
import type { Named, NamedPurchase } from './naming.js';
import type { StandingLot } from './unmerge.js';

export type MergeState = 'ordered' | 'booked' | 'undone';

export interface MergeRow {
  readonly mergeId: string;
  readonly survivorId: string;
  readonly mergedId: string;
  readonly state: MergeState;
  readonly isUndoOrdered: boolean;
  readonly bookedAt: Date | null;
  readonly before: Before | null;
}

type MergeKey = Pick<MergeRow, 'mergeId' | 'survivorId' | 'mergedId'>;

const columns = `merge_id AS "mergeId", survivor_id AS "survivorId", merged_id AS "mergedId", state,
  is_undo_ordered AS "isUndoOrdered", booked_at AS "bookedAt", before`;

/** A merge as its owner ordered it, or ordered to undo it. */
export interface KeptOrder extends MergeKey {
  readonly isUndo: boolean;
}

/** Keeps what was ordered, in whatever order it is heard. Safe to repeat. */
export async function keepOrders(tx: EntityManager, orders: readonly KeptOrder[]): Promise<void> {
  await tx.query(
    `INSERT INTO member_merge (merge_id, survivor_id, merged_id, is_undo_ordered)
     SELECT merge_id, survivor_id, merged_id, bool_or(is_undo)
     FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::boolean[]) o (merge_id, survivor_id, merged_id, is_undo)
     GROUP BY 1, 2, 3
     ON CONFLICT (merge_id) DO UPDATE SET is_undo_ordered = member_merge.is_undo_ordered OR excluded.is_undo_ordered`,
    [
      orders.map(({ mergeId }) => mergeId),
      orders.map(({ survivorId }) => survivorId),
      orders.map(({ mergedId }) => mergedId),
      orders.map(({ isUndo }) => isUndo),
    ],
  );
}

/** Merges to be carried out or undone whose members are known here, oldest first. */
export function dueMerges(tx: EntityManager, most: number): Promise<MergeRow[]> {
  return tx.query<MergeRow[]>(
    `SELECT ${columns} FROM member_merge g WHERE (state = 'ordered' OR (state = 'booked' AND is_undo_ordered))
       AND EXISTS (SELECT FROM member WHERE member_id = g.survivor_id)
       AND EXISTS (SELECT FROM member WHERE member_id = g.merged_id)
     ORDER BY merge_id LIMIT $1`,
    [most],
  );
}

export async function lockMerge(tx: EntityManager, mergeId: string): Promise<MergeRow> {
  const [row] = await tx.query<MergeRow[]>(`SELECT ${columns} FROM member_merge WHERE merge_id = $1 FOR UPDATE`, [
    mergeId,
  ]);
  if (!row) throw new Error('a merge that was just read is not there');
  return row;
}

export async function markBooked(tx: EntityManager, mergeId: string, before: Before, at: Date): Promise<void> {
  await tx.query(`UPDATE member_merge SET state = 'booked', before = $2, booked_at = $3 WHERE merge_id = $1`, [
    mergeId,
    JSON.stringify(before),
    at,
  ]);
}

export async function markUndone(tx: EntityManager, mergeId: string, at: Date): Promise<void> {
  await tx.query(`UPDATE member_merge SET state = 'undone', undone_at = $2 WHERE merge_id = $1`, [mergeId, at]);
}

/** In which programmes any of these members has an account. */
export async function programmesOf(tx: EntityManager, memberIds: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ programmeId: string }[]>(
    `SELECT DISTINCT programme_id AS "programmeId" FROM account WHERE member_id = ANY ($1::uuid[]) ORDER BY 1`,
    [memberIds],
  );
  return rows.map(({ programmeId }) => programmeId);
}

/** Moves every lot. @returns them with what was spent of each */
export async function moveLots(tx: EntityManager, fromId: string, toId: string) {
  const [rows] = await tx.query<[{ programmeId: string; lotId: string; spent: number }[], number]>(
    `UPDATE lot SET member_id = $2 WHERE member_id = $1 RETURNING programme_id AS "programmeId", lot_id AS "lotId", spent`,
    [fromId, toId],
  );
  return rows;
}

/** Adds a member's business days to those of another, so that caps and tiers count both. @returns them */
export function moveDays(tx: EntityManager, fromId: string, toId: string) {
  return tx.query<{ programmeId: string; businessDate: string; points: number; spentMinor: number }[]>(
    `WITH gone AS (
       DELETE FROM member_day WHERE member_id = $1 RETURNING programme_id, business_date, points, spent_minor
     ), moved AS (
       INSERT INTO member_day SELECT $2, gone.* FROM gone
       ON CONFLICT (member_id, programme_id, business_date) DO UPDATE
       SET points = member_day.points + excluded.points, spent_minor = member_day.spent_minor + excluded.spent_minor
     )
     SELECT programme_id AS "programmeId", business_date::text AS "businessDate", points, spent_minor AS "spentMinor"
     FROM gone ORDER BY 1, 2`,
    [fromId, toId],
  );
}

/** Moves what else goes with a member: redemptions, coupons that can be used, adjustments that wait. @returns their names */
export async function moveOthers(tx: EntityManager, fromId: string, toId: string) {
  const moved = async (sql: string) => {
    const [rows] = await tx.query<[{ name: string }[], number]>(sql, [fromId, toId]);
    return rows.map(({ name }) => name);
  };
  return {
    redemptions: await moved(
      `UPDATE redemption SET member_id = $2 WHERE member_id = $1 RETURNING redemption_id::text AS name`,
    ),
    coupons: await moved(
      `UPDATE coupon SET member_id = $2 WHERE member_id = $1 AND state <> 'used' RETURNING code AS name`,
    ),
    adjustments: await moved(
      `UPDATE adjustment SET member_id = $2 WHERE member_id = $1 AND state = 'proposed'
       RETURNING adjustment_id::text AS name`,
    ),
    members: await moved(
      `UPDATE member SET merged_into = $2 WHERE member_id = $1 OR merged_into = $1 RETURNING member_id::text AS name`,
    ),
  };
}

/** Gives back what `moveOthers` moved, as far as it is still there. @returns how many coupons */
export async function returnOthers(
  tx: EntityManager,
  { survivorId, mergedId }: MergeKey,
  { redemptions, coupons, adjustments, members }: Before,
): Promise<number> {
  const of = (names: readonly string[]) => [survivorId, mergedId, names];
  await tx.query(
    `UPDATE redemption SET member_id = $2 WHERE redemption_id = ANY ($3::uuid[]) AND member_id = $1`,
    of(redemptions),
  );
  await tx.query(
    `UPDATE adjustment SET member_id = $2
     WHERE adjustment_id = ANY ($3::uuid[]) AND member_id = $1 AND state = 'proposed'`,
    of(adjustments),
  );
  await tx.query(
    `UPDATE member SET merged_into = CASE WHEN member_id = $2 THEN NULL ELSE $2::uuid END
     WHERE member_id = ANY ($3::uuid[]) AND merged_into = $1`,
    of(members),
  );
  const [rows] = await tx.query<[unknown[], number]>(
    `UPDATE coupon SET member_id = $2 WHERE code = ANY ($3::text[]) AND member_id = $1 AND state <> 'used' RETURNING 1`,
    of(coupons),
  );
  return rows.length;
}

export function namedMembers(tx: EntityManager, memberIds: readonly string[]): Promise<Named[]> {
  return tx.query<Named[]>(
    `SELECT member_id AS "memberId", number, code_token_sha256 AS "codeTokenSha256" FROM member
     WHERE member_id = ANY ($1::uuid[])`,
    [memberIds],
  );
}

/** A purchase that was booked, or of which something was taken back. */
export interface BookedPurchase extends NamedPurchase {
  readonly entryId: string;
  readonly kind: 'earn' | 'refund-reversal';
  readonly programmeId: string;
  /** Of the purchase: what caps and tiers count by. */
  readonly businessDate: string;
  /** What caps and tiers counted, signed. */
  readonly dayPoints: number;
  readonly dayMinor: number;
}

/**
 * What was booked of purchases since the merge, in the survivor's ledger and in those of whoever she was merged into
 * herself meanwhile. Purchases are found as for an export: by store, its tills and the business date.
 */
export function bookedSince(
  tx: EntityManager,
  { survivorId, bookedAt }: MergeRow,
  survivorSeqs: ReadonlyMap<string, number>,
): Promise<BookedPurchase[]> {
  return tx.query<BookedPurchase[]>(
    `SELECT e.entry_id AS "entryId", e.kind, e.programme_id AS "programmeId", p.business_date::text AS "businessDate",
       e.points - coalesce((e.explain->0->2->>'forgiven')::bigint, 0) AS "dayPoints",
       CASE e.kind WHEN 'earn' THEN 1 ELSE -1 END * coalesce((e.explain->0->2->>'counted_minor')::bigint, 0)
         AS "dayMinor",
       p.member_id AS "memberId", p.fingerprint, g.currency, p.total_minor AS "totalMinor", p.channel,
       p.party_size AS "partySize", p.lines::text AS lines, p.payments::text AS payments
     FROM (
       SELECT $1::uuid AS member_id
       UNION SELECT later.survivor_id FROM member_merge later WHERE later.merged_id = $1 AND later.booked_at >= $2
     ) ledger
     JOIN entry e ON e.member_id = ledger.member_id
     JOIN programme g ON g.programme_id = e.programme_id
     LEFT JOIN unnest($3::uuid[], $4::bigint[]) s (programme_id, seq) ON s.programme_id = e.programme_id
     LEFT JOIN LATERAL (
       SELECT f.* FROM till t
       JOIN refund f ON f.programme_id = e.programme_id AND f.store_id = e.store_id AND f.till_id = t.till_id
         AND f.business_date = e.business_date AND f.refund_id = e.source_id
       WHERE e.kind = 'refund-reversal' AND t.store_id = e.store_id LIMIT 1
     ) f ON true
     JOIN LATERAL (
       SELECT p.* FROM till t
       JOIN purchase p ON p.programme_id = e.programme_id AND p.store_id = t.store_id AND p.till_id = t.till_id
         AND p.business_date = coalesce(f.purchase_business_date, e.business_date)
       WHERE t.store_id = coalesce(f.purchase_store_id, e.store_id)
         AND CASE WHEN f.refund_id IS NULL THEN p.purchase_id = e.source_id
           ELSE t.till_id = f.purchase_till_id AND p.receipt_number = f.purchase_receipt_number END
       LIMIT 1
     ) p ON true
     WHERE e.kind IN ('earn', 'refund-reversal') AND e.posted_at >= $2
       AND (e.member_id <> $1 OR e.member_seq > coalesce(s.seq, 0))`,
    [survivorId, bookedAt, [...survivorSeqs.keys()], [...survivorSeqs.values()]],
  );
}

/** Lots of a member in a programme as they stand, with and without points left. */
export async function standingLots(tx: EntityManager, memberId: string, programmeId: string): Promise<StandingLot[]> {
  const rows = await tx.query<{ lotId: string; remaining: number; spent: number; expiresMs: number | null }[]>(
    `SELECT lot_id AS "lotId", remaining, spent, (date_part('epoch', expires_at) * 1000)::bigint AS "expiresMs"
     FROM lot WHERE member_id = $1 AND programme_id = $2`,
    [memberId, programmeId],
  );
  return rows.map((row) => ({ ...row, expiresMs: row.expiresMs ?? undefined }));
}

/** Points of lots that come back to them and count as spent from another lot of the survivor. */
export interface MadeGood extends TakenFromLot {
  readonly renamedTo: string;
}

/** Gives lots back, with what is made good of them; what was spent of that stays with the survivor, in lots of her own. */
export async function returnLots(
  tx: EntityManager,
  { mergeId, survivorId, mergedId }: MergeKey,
  programmeId: string,
  lotIds: readonly string[],
  madeGood: readonly MadeGood[],
): Promise<void> {
  const given = [madeGood.map(({ lotId }) => lotId), madeGood.map(({ points }) => points)];
  await tx.query(
    `INSERT INTO lot (lot_id, member_id, programme_id, points, remaining, spent, expires_at, made_good_in)
     SELECT given.renamed_to, l.member_id, l.programme_id, given.points, 0, given.points, l.expires_at, $6
     FROM unnest($3::uuid[], $4::bigint[], $5::uuid[]) given (lot_id, points, renamed_to)
     JOIN lot l ON l.member_id = $1 AND l.programme_id = $2 AND l.lot_id = given.lot_id`,
    [survivorId, programmeId, ...given, madeGood.map(({ renamedTo }) => renamedTo), mergeId],
  );
  await tx.query(
    `UPDATE lot l SET member_id = $2, remaining = l.remaining + coalesce(given.points, 0),
       spent = l.spent - coalesce(given.points, 0)
     FROM unnest($4::uuid[]) theirs (lot_id)
     LEFT JOIN unnest($5::uuid[], $6::bigint[]) given (lot_id, points) USING (lot_id)
     WHERE l.member_id = $1 AND l.programme_id = $3 AND l.lot_id = theirs.lot_id`,
    [survivorId, mergedId, programmeId, lotIds, ...given],
  );
}

/** Redemptions of a member from any of these lots, which may still be given back. */
export async function redemptionsFrom(tx: EntityManager, memberId: string, lotIds: readonly string[]) {
  type Stored = readonly (readonly [lotId: string, points: number, expiresMs: number | null])[];
  return tx.query<{ redemptionId: string; fromLots: Stored }[]>(
    `SELECT redemption_id AS "redemptionId", from_lots AS "fromLots" FROM redemption
     WHERE member_id = $1 AND EXISTS (
       SELECT FROM json_array_elements(from_lots) l WHERE (l->>0)::uuid = ANY ($2::uuid[]))`,
    [memberId, lotIds],
  );
}

export async function setFromLots(
  tx: EntityManager,
  rows: readonly { readonly redemptionId: string; readonly fromLots: unknown }[],
): Promise<void> {
  await tx.query(
    `UPDATE redemption r SET from_lots = given.from_lots
     FROM unnest($1::uuid[], $2::json[]) given (redemption_id, from_lots) WHERE r.redemption_id = given.redemption_id`,
    [rows.map(({ redemptionId }) => redemptionId), rows.map(({ fromLots }) => JSON.stringify(fromLots))],
  );
}

/** A business day of a member that changes, or comes to be. */
export interface DayChange {
  readonly memberId: string;
  readonly programmeId: string;
  readonly businessDate: string;
  readonly points: number;
  readonly spentMinor: number;
}

export async function addToDays(tx: EntityManager, days: readonly DayChange[]): Promise<void> {
  await tx.query(
    `INSERT INTO member_day (member_id, programme_id, business_date, points, spent_minor)
     SELECT member_id, programme_id, business_date, sum(points)::bigint, sum(spent_minor)::bigint
     FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::bigint[], $5::bigint[])
       d (member_id, programme_id, business_date, points, spent_minor)
     GROUP BY 1, 2, 3
     ON CONFLICT (member_id, programme_id, business_date) DO UPDATE
     SET points = member_day.points + excluded.points, spent_minor = member_day.spent_minor + excluded.spent_minor`,
    [
      days.map((day) => day.memberId),
      days.map((day) => day.programmeId),
      days.map((day) => day.businessDate),
      days.map((day) => day.points),
      days.map((day) => day.spentMinor),
    ],
  );
}

/** Writes when points of these members end next, also where they have ended and that is not booked yet. */
export async function setNextEnds(tx: EntityManager, memberIds: readonly string[]): Promise<void> {
  await tx.query(
    `UPDATE account a SET next_expiry_at = (
       SELECT min(l.expires_at) FROM lot l
       WHERE l.member_id = a.member_id AND l.programme_id = a.programme_id AND l.remaining > 0
     ) WHERE a.member_id = ANY ($1::uuid[])`,
    [memberIds],
  );
}

/** Makes every batch that looked members up before this run again: what a number stands for has changed. */
export async function namesChanged(tx: EntityManager): Promise<void> {
  await tx.query('SELECT reference_changed()');
}
