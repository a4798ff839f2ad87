import type { EntityManager } from 'typeorm';

/** A purchase whose member was not known, claimed by lease. */
export interface DuePurchase {
  readonly purchaseId: string;
  readonly storeId: string;
  readonly tillId: string;
  readonly businessDate: string;
  readonly receiptNumber: string;
  readonly toldMember: string;
  readonly leaseToken: string;
}

/** Makes purchases due that were told one of these members, also those that are just being tried without them. */
export async function makeDue(tx: EntityManager, told: readonly string[], now: Date): Promise<void> {
  await tx.query(
    `UPDATE pending_purchase SET due_at = $2, attempts = 0, lease_until = NULL, lease_token = NULL
     WHERE told_member = ANY ($1::text[])`,
    [told, now],
  );
}

/**
 * Leases up to `most` purchases that are due, in the order in which they were posted (their ids are UUIDv7); others see
 * them again when the lease has ended.
 */
export async function leaseDue(tx: EntityManager, now: Date, until: Date, token: string, most: number) {
  const [rows] = await tx.query<[DuePurchase[], number]>(
    `UPDATE pending_purchase SET lease_until = $2, lease_token = $3
     WHERE purchase_id IN (
       SELECT purchase_id FROM pending_purchase
       WHERE due_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
       ORDER BY due_at, purchase_id LIMIT $4 FOR UPDATE SKIP LOCKED
     )
     RETURNING purchase_id AS "purchaseId", store_id AS "storeId", till_id AS "tillId",
       business_date::text AS "businessDate", receipt_number AS "receiptNumber", told_member AS "toldMember",
       lease_token AS "leaseToken"`,
    [now, until, token, most],
  );
  return rows.sort((one, other) => (one.purchaseId < other.purchaseId ? -1 : 1));
}

/** Those that still wait are due again later, each time twice as late up to six hours, where the lease is still ours. */
export async function postpone(tx: EntityManager, purchaseIds: readonly string[], token: string, now: Date) {
  await tx.query(
    `UPDATE pending_purchase SET lease_until = NULL, lease_token = NULL, attempts = attempts + 1,
       due_at = $3::timestamptz + least(interval '6 hours', interval '1 second' * power(2, least(attempts, 20)))
     WHERE purchase_id = ANY ($1::uuid[]) AND lease_token = $2 AND due_at <= $3`,
    [purchaseIds, token, now],
  );
}

/**
 * Makes the purchase of a released hold wait for its credit, which due-time work does: at once where somebody was named,
 * when it is claimed where nobody was.
 */
export async function releaseHeld(tx: EntityManager, purchaseId: string, result: object, now: Date): Promise<void> {
  await tx.query(
    `UPDATE purchase p SET state = 'pending', result = $2::json FROM purchase_hold h
     WHERE h.purchase_id = $1 AND p.programme_id = h.programme_id AND p.store_id = h.store_id
       AND p.till_id = h.till_id AND p.business_date = h.business_date AND p.receipt_number = h.receipt_number
       AND p.state = 'held'`,
    [purchaseId, JSON.stringify(result)],
  );
  await tx.query(
    `INSERT INTO pending_purchase (programme_id, store_id, till_id, business_date, receipt_number, purchase_id,
       told_member, due_at)
     SELECT programme_id, store_id, till_id, business_date, receipt_number, purchase_id, told_member, $2
     FROM purchase_hold WHERE purchase_id = $1 AND told_member IS NOT NULL
     ON CONFLICT (purchase_id) DO NOTHING`,
    [purchaseId, now],
  );
}
