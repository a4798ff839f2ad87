import type { EntityManager } from 'typeorm';

/** A refund that waits for its purchase, claimed by lease. */
export interface DueRefund {
  readonly refundId: string;
  readonly storeId: string;
  readonly tillId: string;
  readonly businessDate: string;
  readonly receiptNumber: string;
  readonly purchaseStoreId: string;
  readonly purchaseTillId: string;
  readonly purchaseBusinessDate: string;
  readonly purchaseReceiptNumber: string;
  readonly rungAt: Date;
  readonly fingerprint: Buffer;
  readonly lines: readonly (readonly [line: number, quantityMilli: number, amountMinor: number])[];
}

/** Leases up to `most` refunds that are due, in the order in which they came; others see them again when the lease has ended. */
export async function leaseDue(tx: EntityManager, now: Date, until: Date, most: number): Promise<DueRefund[]> {
  const [rows] = await tx.query<[DueRefund[], number]>(
    `UPDATE refund SET lease_until = $2
     WHERE state = 'waiting' AND refund_id IN (
       SELECT refund_id FROM refund
       WHERE state = 'waiting' AND due_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
       ORDER BY due_at, refund_id LIMIT $3 FOR UPDATE SKIP LOCKED
     )
     RETURNING refund_id AS "refundId", store_id AS "storeId", till_id AS "tillId",
       business_date::text AS "businessDate", receipt_number AS "receiptNumber",
       purchase_store_id AS "purchaseStoreId", purchase_till_id AS "purchaseTillId",
       purchase_business_date::text AS "purchaseBusinessDate", purchase_receipt_number AS "purchaseReceiptNumber",
       rung_at AS "rungAt", fingerprint, lines`,
    [now, until, most],
  );
  return rows.sort((one, other) => (one.refundId < other.refundId ? -1 : 1));
}

/** Those that still wait are due again later, each time twice as late up to an hour, unless their purchase came meanwhile. */
export async function postpone(tx: EntityManager, refundIds: readonly string[], leasedAt: Date, now: Date) {
  await tx.query(
    `UPDATE refund SET lease_until = NULL, attempts = attempts + 1, due_at = CASE WHEN due_at > $2 THEN due_at
       ELSE $3::timestamptz + least(interval '1 hour', interval '1 second' * power(2, least(attempts, 20))) END
     WHERE state = 'waiting' AND refund_id = ANY ($1::uuid[])`,
    [refundIds, leasedAt, now],
  );
}
