import { appendToOutboxSql, type OutboxEvent, outboxArrays } from '@regulars/messaging';
import type { QueryConfig } from 'pg';
import type { EntityManager } from 'typeorm';
import { column, columnOf } from '../lanes/column.js';
import type { HoldRow, HoldState, NewHold } from './hold.js';

/** Keeps holds; sorted by nothing, because each is of a purchase of this batch. */
export function holdsStatement(holds: readonly NewHold[], now: string): QueryConfig {
  return {
    name: 'record_holds',
    text: `INSERT INTO purchase_hold (programme_id, store_id, till_id, business_date, receipt_number, purchase_id,
        twin_purchase_id, told_member, member_id, causes, held_at)
      SELECT *, $11::timestamptz FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::text[], $6::uuid[],
        $7::uuid[], $8::text[], $9::uuid[], $10::json[])`,
    values: [
      columnOf(holds, ({ programmeId }) => programmeId),
      columnOf(holds, ({ receipt }) => receipt.storeId),
      columnOf(holds, ({ receipt }) => receipt.tillId),
      columnOf(holds, ({ receipt }) => receipt.businessDate),
      columnOf(holds, ({ receipt }) => receipt.receiptNumber),
      columnOf(holds, ({ purchaseId }) => purchaseId),
      columnOf(holds, ({ twinPurchaseId }) => twinPurchaseId ?? null),
      columnOf(holds, ({ told }) => told ?? null),
      columnOf(holds, ({ memberId }) => memberId ?? null),
      columnOf(holds, ({ causes }) => JSON.stringify(causes)),
      now,
    ],
  };
}

/** Announces holds, in the transaction that keeps them. */
export function eventsStatement(events: readonly OutboxEvent[]): QueryConfig {
  const values = outboxArrays(events).map((each) => column(each as (string | number | null)[]));
  return { name: 'record_hold_events', text: appendToOutboxSql, values };
}

const columns = `h.purchase_id AS "purchaseId", h.programme_id AS "programmeId", h.store_id AS "storeId",
  h.till_id AS "tillId", h.business_date::text AS "businessDate", h.receipt_number AS "receiptNumber",
  h.member_id AS "memberId", h.twin_purchase_id AS "twinPurchaseId", h.causes, coalesce(h.decision, 'open') AS state,
  h.held_at AS "heldAt", h.decided_by AS "decidedBy", h.decided_at AS "decidedAt",
  h.decision_reason AS "decisionReason",
  coalesce((SELECT p.total_minor FROM purchase p
    WHERE p.programme_id = h.programme_id AND p.store_id = h.store_id AND p.till_id = h.till_id
      AND p.business_date = h.business_date AND p.receipt_number = h.receipt_number), 0)::bigint AS "totalMinor"`;

export async function findHold(tx: EntityManager, purchaseId: string): Promise<HoldRow | undefined> {
  const [row] = await tx.query<HoldRow[]>(`SELECT ${columns} FROM purchase_hold h WHERE h.purchase_id = $1`, [
    purchaseId,
  ]);
  return row;
}

/** Which holds are listed. */
export interface HoldFilter {
  readonly state: HoldState | undefined;
  /** Undefined: of any. */
  readonly storeIds: readonly string[] | undefined;
}

/** Holds after one, in the order in which their purchases came; one more than asked tells whether there are more. */
export function holdsAfter(
  tx: EntityManager,
  { state, storeIds }: HoldFilter,
  afterId: string | undefined,
  limit: number,
): Promise<HoldRow[]> {
  return tx.query(
    `SELECT ${columns} FROM purchase_hold h
     WHERE ($1::text IS NULL OR coalesce(h.decision, 'open') = $1) AND ($2::uuid[] IS NULL OR h.store_id = ANY ($2))
       AND ($3::uuid IS NULL OR h.purchase_id > $3)
     ORDER BY h.purchase_id LIMIT $4`,
    [state ?? null, storeIds ?? null, afterId ?? null, limit + 1],
  );
}

/** What somebody decided. */
export interface Decision {
  readonly purchaseId: string;
  readonly decision: 'released' | 'reversed';
  readonly decidedBy: string;
  readonly decidedAt: Date;
  readonly reason: string;
}

/** Notes a decision; false when the hold was decided before. Waits for whoever is just deciding. */
export async function markDecided(tx: EntityManager, { purchaseId, ...made }: Decision): Promise<boolean> {
  const [, count] = await tx.query<[unknown, number]>(
    `UPDATE purchase_hold SET decision = $2, decided_by = $3, decided_at = $4, decision_reason = $5
     WHERE purchase_id = $1 AND decision IS NULL`,
    [purchaseId, made.decision, made.decidedBy, made.decidedAt, made.reason],
  );
  return count > 0;
}

/** Deletes up to `most` movements rung up before a moment, along watched_age. */
export async function forgetMovements(tx: EntityManager, before: Date, most: number): Promise<number> {
  const [, count] = await tx.query<[unknown, number]>(
    `DELETE FROM watched_movement
     WHERE ctid = ANY (ARRAY(SELECT ctid FROM watched_movement WHERE rung_at < $1 ORDER BY rung_at LIMIT $2))`,
    [before, most],
  );
  return count;
}
