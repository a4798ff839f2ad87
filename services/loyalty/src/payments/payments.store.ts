import type { Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import { appendToOutboxSql, type OutboxEvent, outboxArrays } from '@regulars/messaging';
import type { QueryConfig } from 'pg';
import { columnOf } from '../lanes/column.js';
import type { LaneTransaction } from '../lanes/lane.js';
import { noAccount } from '../points/ledger.js';
import { receiptKey } from '../receipts/receipt.js';
import type { GivenBackRedemption } from '../redemptions/give-back.js';
import type { Paid, PaidWithCoupons, PaidWithPoints } from './payments.js';

type StoredLots = readonly (readonly [lotId: string, points: number, expiresMs: number | null])[];

type PaidRow = [
  storeId: string,
  tillId: string,
  businessDate: string,
  receiptNumber: string,
  redemptionId: string,
  memberId: string,
  programmeId: string,
  programmeVersion: number,
  points: number,
  returned: number,
  fromLots: StoredLots,
  atStore: string,
  onDate: string,
  isMoney: boolean,
  balance: number | null,
  debt: number,
  memberSeq: number,
  postedMs: number,
  nextExpiryMs: number | null,
];

const receipts = `unnest($1::uuid[], $2::uuid[], $3::date[], $4::text[])
  AS r (store_id, till_id, business_date, receipt_number)`;
const ofReceipt = (paid: string) => `${paid}.receipt_store_id = r.store_id AND ${paid}.receipt_till_id = r.till_id
  AND ${paid}.receipt_business_date = r.business_date AND ${paid}.receipt_number = r.receipt_number`;

/** What receipts were paid with, by receipt; the payers' locks are taken, sorted, before anything is read. */
export async function holdPayments(tx: LaneTransaction, of: readonly Receipt[]) {
  const values = [
    columnOf(of, ({ storeId }) => storeId),
    columnOf(of, ({ tillId }) => tillId),
    columnOf(of, ({ businessDate }) => businessDate),
    columnOf(of, ({ receiptNumber }) => receiptNumber),
  ];
  const [locked, points, coupons] = await Promise.all([
    tx.rows<[memberId: string]>({
      name: 'hold_payers',
      text: `SELECT member_id, pg_advisory_xact_lock(lock) FROM (
          SELECT DISTINCT p.member_id, uuid_hash_extended(p.member_id, 0) AS lock FROM ${receipts}
          JOIN redemption p ON ${ofReceipt('p')} AND p.receipt_number IS NOT NULL ORDER BY 2
        ) payer`,
      values,
    }),
    tx.rows<PaidRow>({
      name: 'paid_with_points',
      text: `SELECT r.store_id, r.till_id, r.business_date::text, r.receipt_number, p.redemption_id, p.member_id,
          p.programme_id, p.programme_version, p.points, p.returned, p.from_lots, p.store_id, p.business_date::text,
          w.terms->>'kind' = 'REWARD_KIND_MONEY_OFF', a.balance, a.debt, a.member_seq,
          (date_part('epoch', a.posted_at) * 1000)::bigint, (date_part('epoch', a.next_expiry_at) * 1000)::bigint
        FROM ${receipts}
        JOIN redemption p ON ${ofReceipt('p')} AND p.state = 'confirmed'
        JOIN reward w ON w.reward_id = p.reward_id
        LEFT JOIN account a ON a.member_id = p.member_id AND a.programme_id = p.programme_id
        ORDER BY p.redemption_id`,
      values,
    }),
    tx.rows<
      [
        storeId: string,
        tillId: string,
        date: string,
        number: string,
        useId: string,
        member: string | null,
        programme: string,
      ]
    >({
      name: 'paid_with_coupons',
      text: `SELECT r.store_id, r.till_id, r.business_date::text, r.receipt_number, u.use_id, u.member_id, u.programme_id
        FROM ${receipts} JOIN coupon_use u ON ${ofReceipt('u')} AND u.state = 'confirmed'`,
      values,
    }),
  ]);
  const paid = new Map<string, { points: PaidWithPoints[]; coupons: PaidWithCoupons[] }>();
  const paidFor = (storeId: string, tillId: string, businessDate: string, receiptNumber: string) => {
    const key = receiptKey({ storeId, tillId, businessDate, receiptNumber });
    const known = paid.get(key) ?? { points: [], coupons: [] };
    paid.set(key, known);
    return known;
  };
  for (const row of points.rows) paidFor(row[0], row[1], row[2], row[3]).points.push(paidOf(row));
  for (const [store, till, date, number, useId, memberId, programmeId] of coupons.rows) {
    paidFor(store, till, date, number).coupons.push({ useId, memberId, programmeId });
  }
  const payers = new Set(locked.rows.map(([memberId]) => memberId));
  const hasMoved = points.rows.some((row) => !payers.has(row[5]));
  return { paid: paid as ReadonlyMap<string, Paid>, hasMoved };
}

function paidOf(row: PaidRow): PaidWithPoints {
  const [, , , , redemptionId, memberId, programmeId, programmeVersion, points, returned, fromLots] = row;
  const [, , , , , , , , , , , storeId, businessDate, isMoney, balance, debt, memberSeq, postedMs, nextExpiryMs] = row;
  return {
    row: {
      redemptionId,
      memberId,
      programmeId,
      programmeVersion,
      points,
      returned,
      fromLots: fromLots.map(([lotId, taken, expiresMs]) => ({
        lotId,
        points: taken,
        expiresMs: expiresMs ?? undefined,
      })),
      storeId,
      businessDate,
    },
    isMoney,
    account:
      balance === null ? noAccount : { balance, debt, memberSeq, postedMs, nextExpiryMs: nextExpiryMs ?? undefined },
  };
}

/** What came back of redemptions; the last one of a redemption counts. */
export function returnedStatement(returned: readonly GivenBackRedemption[]): QueryConfig {
  const last = [...new Map(returned.map((each) => [each.row.redemptionId, each])).values()];
  return {
    name: 'record_returned',
    text: `UPDATE redemption SET state = r.state, returned = r.returned
      FROM unnest($1::uuid[], $2::text[], $3::bigint[]) r (redemption_id, state, returned)
      WHERE redemption.redemption_id = r.redemption_id`,
    values: [
      columnOf(last, ({ row }) => row.redemptionId),
      columnOf(last, ({ state }) => state),
      columnOf(last, ({ returned: points }) => points),
    ],
  };
}

/** Coupons can be used again: their uses, themselves, and the events that tell of it. */
export function couponStatements(
  coupons: readonly PaidWithCoupons[],
  events: readonly OutboxEvent[],
  now: string,
): QueryConfig[] {
  const ids = columnOf(coupons, ({ useId }) => useId);
  return [
    {
      name: 'return_uses',
      text: `UPDATE coupon_use SET state = 'returned', ended_at = $2 WHERE use_id = ANY ($1::uuid[])`,
      values: [ids, now],
    },
    {
      name: 'return_coupons',
      text: `UPDATE coupon SET state = 'issued', use_id = NULL, used_by = NULL, store_id = NULL, till_id = NULL,
          used_at = NULL WHERE use_id = ANY ($1::uuid[])`,
      values: [ids],
    },
    { name: 'record_coupon_events', text: appendToOutboxSql, values: outboxArrays(events) },
  ];
}
