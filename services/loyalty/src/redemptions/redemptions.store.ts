import type { Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import type { EntityManager } from 'typeorm';
import type { TakenFromLot } from '../points/spending.js';
import type { RedemptionRow } from './redemption.js';

type StoredLots = readonly (readonly [lotId: string, points: number, expiresMs: number | null])[];
type Stored = Omit<RedemptionRow, 'fromLots' | 'receipt'> & {
  readonly fromLots: StoredLots;
  readonly receiptStoreId: string | null;
  readonly receiptTillId: string;
  readonly receiptBusinessDate: string;
  readonly receiptNumber: string;
};

const columns = `redemption_id AS "redemptionId", member_id AS "memberId", programme_id AS "programmeId",
  programme_version AS "programmeVersion", state, reward_id AS "rewardId", quantity, points, returned,
  value_minor AS "valueMinor", from_lots AS "fromLots", store_id AS "storeId", till_id AS "tillId",
  business_date::text AS "businessDate", reserved_at AS "reservedAt", reserved_until AS "reservedUntil",
  ended_at AS "endedAt", fulfilled_at AS "fulfilledAt", receipt_store_id AS "receiptStoreId",
  receipt_till_id AS "receiptTillId", receipt_business_date::text AS "receiptBusinessDate",
  receipt_number AS "receiptNumber"`;

function redemptionOf(row: Stored): RedemptionRow {
  const { fromLots, receiptStoreId, receiptTillId, receiptBusinessDate, receiptNumber, ...rest } = row;
  return {
    ...rest,
    fromLots: fromLots.map(([lotId, points, expiresMs]) => ({ lotId, points, expiresMs: expiresMs ?? undefined })),
    receipt:
      receiptStoreId === null
        ? null
        : { storeId: receiptStoreId, tillId: receiptTillId, businessDate: receiptBusinessDate, receiptNumber },
  };
}

export async function insertReserved(tx: EntityManager, row: RedemptionRow): Promise<void> {
  await tx.query(
    `INSERT INTO redemption (redemption_id, member_id, programme_id, programme_version, state, reward_id, quantity,
       points, value_minor, from_lots, store_id, till_id, business_date, reserved_at, reserved_until)
     VALUES ($1, $2, $3, $4, 'reserved', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
    [
      row.redemptionId,
      row.memberId,
      row.programmeId,
      row.programmeVersion,
      row.rewardId,
      row.quantity,
      row.points,
      row.valueMinor,
      JSON.stringify(row.fromLots.map(stored)),
      row.storeId,
      row.tillId,
      row.businessDate,
      row.reservedAt,
      row.reservedUntil,
    ],
  );
}

function stored({ lotId, points, expiresMs }: TakenFromLot) {
  return [lotId, points, expiresMs ?? null];
}

export async function findRedemption(tx: EntityManager, redemptionId: string): Promise<RedemptionRow | undefined> {
  const [row] = await tx.query<Stored[]>(`SELECT ${columns} FROM redemption WHERE redemption_id = $1`, [redemptionId]);
  return row && redemptionOf(row);
}

/** Redemptions of a member, newest first; one more than asked tells whether there are more. */
export async function redemptionsBefore(
  tx: EntityManager,
  memberId: string,
  beforeId: string | undefined,
  limit: number,
): Promise<RedemptionRow[]> {
  const rows = await tx.query<Stored[]>(
    `SELECT ${columns} FROM redemption WHERE member_id = $1 AND ($2::uuid IS NULL OR redemption_id < $2)
     ORDER BY redemption_id DESC LIMIT $3`,
    [memberId, beforeId ?? null, limit + 1],
  );
  return rows.map(redemptionOf);
}

/** How many of a reward a member holds or has redeemed; what came back does not count. */
export async function redeemedBefore(tx: EntityManager, memberId: string, rewardId: string): Promise<number> {
  const [row] = await tx.query<{ redeemed: number }[]>(
    `SELECT coalesce(sum(quantity), 0)::bigint AS redeemed FROM redemption
     WHERE member_id = $1 AND reward_id = $2 AND state IN ('reserved', 'confirmed')`,
    [memberId, rewardId],
  );
  return row?.redeemed ?? 0;
}

export async function markConfirmed(tx: EntityManager, redemptionId: string, receipt: Receipt | null, now: Date) {
  await tx.query(
    `UPDATE redemption SET state = 'confirmed', ended_at = $2, receipt_store_id = $3, receipt_till_id = $4,
       receipt_business_date = $5, receipt_number = $6 WHERE redemption_id = $1`,
    [
      redemptionId,
      now,
      receipt?.storeId ?? null,
      receipt?.tillId ?? null,
      receipt?.businessDate ?? null,
      receipt?.receiptNumber ?? null,
    ],
  );
}

export async function markFulfilled(tx: EntityManager, redemptionId: string, now: Date): Promise<void> {
  await tx.query(`UPDATE redemption SET fulfilled_at = $2 WHERE redemption_id = $1`, [redemptionId, now]);
}

/** Who holds reservations whose time limit has passed, oldest first. */
export async function dueRedemptions(
  tx: EntityManager,
  now: Date,
  most: number,
): Promise<{ redemptionId: string; memberId: string }[]> {
  return tx.query(
    `SELECT redemption_id AS "redemptionId", member_id AS "memberId" FROM redemption
     WHERE state = 'reserved' AND reserved_until <= $1 ORDER BY reserved_until LIMIT $2`,
    [now, most],
  );
}

/** Those of the redemptions that are reserved still; read under the locks of their members. */
export async function reservedAmong(tx: EntityManager, redemptionIds: readonly string[]): Promise<RedemptionRow[]> {
  const rows = await tx.query<Stored[]>(
    `SELECT ${columns} FROM redemption WHERE redemption_id = ANY ($1::uuid[]) AND state = 'reserved'
     ORDER BY redemption_id`,
    [redemptionIds],
  );
  return rows.map(redemptionOf);
}
