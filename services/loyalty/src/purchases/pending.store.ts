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
