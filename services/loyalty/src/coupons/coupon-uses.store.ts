import type { Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import type { EntityManager } from 'typeorm';
import type { RedemptionState } from '../redemptions/redemption.js';
import type { UseRow } from './coupon.js';

type Stored = Omit<UseRow, 'receipt'> & {
  readonly receiptStoreId: string | null;
  readonly receiptTillId: string;
  readonly receiptBusinessDate: string;
  readonly receiptNumber: string;
};

const columns = `use_id AS "useId", member_id AS "memberId", programme_id AS "programmeId", state, applied,
  discount_minor AS "discountMinor", store_id AS "storeId", till_id AS "tillId", business_date::text AS "businessDate",
  reserved_at AS "reservedAt", reserved_until AS "reservedUntil", receipt_store_id AS "receiptStoreId",
  receipt_till_id AS "receiptTillId", receipt_business_date::text AS "receiptBusinessDate",
  receipt_number AS "receiptNumber"`;

function useOf(row: Stored): UseRow {
  const { receiptStoreId, receiptTillId, receiptBusinessDate, receiptNumber, ...rest } = row;
  const receipt = { tillId: receiptTillId, businessDate: receiptBusinessDate, receiptNumber };
  return { ...rest, receipt: receiptStoreId === null ? null : { storeId: receiptStoreId, ...receipt } };
}

/** Inserts a use that holds its coupons. */
export async function insertUse(tx: EntityManager, row: UseRow): Promise<void> {
  await tx.query(
    `INSERT INTO coupon_use (use_id, member_id, programme_id, state, applied, discount_minor, store_id, till_id,
       business_date, reserved_at, reserved_until)
     VALUES ($1, $2, $3, 'reserved', $4, $5, $6, $7, $8, $9, $10)`,
    [
      row.useId,
      row.memberId,
      row.programmeId,
      JSON.stringify(row.applied),
      row.discountMinor,
      row.storeId,
      row.tillId,
      row.businessDate,
      row.reservedAt,
      row.reservedUntil,
    ],
  );
  await tx.query(
    `UPDATE coupon SET state = 'reserved', use_id = $2, used_by = $3, store_id = $4, till_id = $5, used_at = $6
     WHERE code = ANY ($1::text[])`,
    [row.applied.map(({ code }) => code), row.useId, row.memberId, row.storeId, row.tillId, row.reservedAt],
  );
}

/** The use, locked where it is to be changed. */
export async function findUse(tx: EntityManager, useId: string, lock = false): Promise<UseRow | undefined> {
  const [row] = await tx.query<Stored[]>(
    `SELECT ${columns} FROM coupon_use WHERE use_id = $1 ${lock ? 'FOR UPDATE' : ''}`,
    [useId],
  );
  return row && useOf(row);
}

export async function markUsed(tx: EntityManager, useId: string, receipt: Receipt | null, now: Date): Promise<void> {
  await tx.query(
    `UPDATE coupon_use SET state = 'confirmed', ended_at = $2, receipt_store_id = $3, receipt_till_id = $4,
       receipt_business_date = $5, receipt_number = $6 WHERE use_id = $1`,
    [
      useId,
      now,
      receipt?.storeId ?? null,
      receipt?.tillId ?? null,
      receipt?.businessDate ?? null,
      receipt?.receiptNumber ?? null,
    ],
  );
  await tx.query(`UPDATE coupon SET state = 'used', used_at = $2 WHERE use_id = $1`, [useId, now]);
}

/** Lets the coupons of uses be used again; the uses are locked. */
export async function giveCouponsBack(
  tx: EntityManager,
  useIds: readonly string[],
  state: RedemptionState,
  now: Date,
): Promise<void> {
  await tx.query(`UPDATE coupon_use SET state = $2, ended_at = $3 WHERE use_id = ANY ($1::uuid[])`, [
    useIds,
    state,
    now,
  ]);
  await tx.query(
    `UPDATE coupon SET state = 'issued', use_id = NULL, used_by = NULL, store_id = NULL, till_id = NULL, used_at = NULL
     WHERE use_id = ANY ($1::uuid[])`,
    [useIds],
  );
}

/** Uses whose time limit has passed, locked; those that somebody is just ending are passed over. */
export async function dueUses(tx: EntityManager, now: Date, most: number): Promise<string[]> {
  const rows = await tx.query<{ useId: string }[]>(
    `SELECT use_id AS "useId" FROM coupon_use WHERE state = 'reserved' AND reserved_until <= $1
     ORDER BY reserved_until LIMIT $2 FOR UPDATE SKIP LOCKED`,
    [now, most],
  );
  return rows.map(({ useId }) => useId);
}
