import type { Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import type { QueryConfig } from 'pg';
import { column, columnOf } from '../lanes/column.js';
import type { LaneTransaction } from '../lanes/lane.js';
import type { GivenBack } from '../points/refund.js';
import type { CreditedKept, DecidedKept, Keeping, KeptPurchase } from './decide-kept.js';
import type { StoredResult } from './result.js';

type KeptRow = [
  id: string | null,
  state: StoredResult['o'],
  memberId: string | null,
  rungMs: number,
  rungAtOffsetMinutes: number,
  totalMinor: number,
  channel: string,
  partySize: number,
  lines: KeptPurchase['lines'],
  payments: KeptPurchase['payments'],
  refunded: readonly (readonly [number, number])[] | null,
  result: StoredResult,
];

/** The kept purchases themselves, locked in the order of their receipts: those of nobody have no member to lock. */
export async function lockKept(
  tx: LaneTransaction,
  keepings: readonly Keeping[],
): Promise<(KeptPurchase | undefined)[]> {
  const { rows } = await tx.rows<KeptRow>({
    name: 'lock_kept',
    text: `SELECT p.* FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::text[]) WITH ORDINALITY
        r (programme_id, store_id, till_id, business_date, receipt_number, item)
      LEFT JOIN LATERAL (
        SELECT p.purchase_id, p.state, p.member_id, (date_part('epoch', p.rung_at) * 1000)::bigint,
          p.rung_at_offset_minutes, p.total_minor, p.channel, p.party_size, p.lines, p.payments, p.refunded, p.result
        FROM purchase p
        WHERE p.programme_id = r.programme_id AND p.store_id = r.store_id AND p.till_id = r.till_id
          AND p.business_date = r.business_date AND p.receipt_number = r.receipt_number
          AND p.business_date BETWEEN $6::date AND $7::date
        FOR UPDATE
      ) p ON true
      ORDER BY r.item`,
    values: [...columnsOf(keepings), ...firstAndLast(keepings)],
  });
  return rows.map(keptOf);
}

/** Sends what a batch of kept purchases comes to, besides ledger and keys, and does not wait. */
export function recordKept(tx: LaneTransaction, decided: DecidedKept, now: string): Promise<unknown>[] {
  const sent: Promise<unknown>[] = [];
  if (decided.credited.length > 0) sent.push(tx.query(creditedStatement(decided.credited)));
  if (decided.ended.length > 0) {
    const text = `DELETE FROM pending_purchase WHERE purchase_id = ANY ($1::uuid[])`;
    sent.push(tx.query({ name: 'end_pending', text, values: [column(decided.ended)] }));
  }
  if (decided.holds.length > 0) sent.push(tx.query(heldStatement(decided.holds)));
  if (decided.awaiting.length > 0) sent.push(tx.query(awaitingStatement(decided.awaiting, now)));
  return sent;
}

function keptOf(row: KeptRow): KeptPurchase | undefined {
  const [id, state, memberId, rungMs, rungAtOffsetMinutes, totalMinor, channel, partySize] = row;
  if (id === null) return undefined;
  const [, , , , , , , , lines, payments, refunded, result] = row;
  return {
    id,
    state,
    memberId: memberId ?? undefined,
    rungMs,
    rungAtOffsetMinutes,
    totalMinor,
    channel,
    partySize,
    lines,
    payments,
    refunded: (refunded ?? []).map(([quantityMilli, amountMinor]): GivenBack => ({ quantityMilli, amountMinor })),
    result,
  };
}

function creditedStatement(credited: readonly CreditedKept[]): QueryConfig {
  const keepings = credited.map(({ keeping }) => keeping);
  return {
    name: 'credit_kept',
    text: `UPDATE purchase p SET state = 'credited', member_id = c.member_id, programme_version = c.version,
        result = c.result, refunded_uncredited = p.refunded
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::text[], $8::uuid[], $9::integer[], $10::json[])
        c (programme_id, store_id, till_id, business_date, receipt_number, member_id, version, result)
      WHERE p.programme_id = c.programme_id AND p.store_id = c.store_id AND p.till_id = c.till_id
        AND p.business_date = c.business_date AND p.receipt_number = c.receipt_number
        AND p.business_date BETWEEN $6::date AND $7::date`,
    values: [
      ...columnsOf(keepings),
      ...firstAndLast(keepings),
      columnOf(credited, ({ result }) => result.member),
      columnOf(keepings, ({ ground }) => ground.policy.version),
      columnOf(credited, ({ result }) => JSON.stringify(result)),
    ],
  };
}

/** Purchases that turned out to be suspicious when it became known whose they are. */
function heldStatement(holds: DecidedKept['holds']): QueryConfig {
  const dates = holds.map(({ receipt }) => receipt.businessDate).sort();
  return {
    name: 'hold_kept',
    text: `UPDATE purchase p SET state = 'held', result = c.result
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::text[], $8::json[])
        c (programme_id, store_id, till_id, business_date, receipt_number, result)
      WHERE p.programme_id = c.programme_id AND p.store_id = c.store_id AND p.till_id = c.till_id
        AND p.business_date = c.business_date AND p.receipt_number = c.receipt_number
        AND p.business_date BETWEEN $6::date AND $7::date`,
    values: [
      columnOf(holds, ({ programmeId }) => programmeId),
      columnOf(holds, ({ receipt }) => receipt.storeId),
      columnOf(holds, ({ receipt }) => receipt.tillId),
      columnOf(holds, ({ receipt }) => receipt.businessDate),
      columnOf(holds, ({ receipt }) => receipt.receiptNumber),
      dates[0],
      dates.at(-1),
      columnOf(holds, ({ purchaseId: id, causes }) => JSON.stringify({ o: 'held', id, why: causes[0]?.reason })),
    ],
  };
}

/** A claim makes the purchase wait for its claimant. */
function awaitingStatement(awaiting: DecidedKept['awaiting'], now: string): QueryConfig {
  return {
    name: 'await_claimant',
    text: `INSERT INTO pending_purchase (programme_id, store_id, till_id, business_date, receipt_number, purchase_id,
        told_member, due_at)
      SELECT *, $8::timestamptz FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::text[], $6::uuid[],
        $7::text[])
      ON CONFLICT (purchase_id) DO NOTHING`,
    values: [
      ...columnsOf(awaiting.map(({ keeping }) => keeping)),
      columnOf(awaiting, ({ id }) => id),
      columnOf(awaiting, ({ memberId }) => `id:${memberId}`),
      now,
    ],
  };
}

function firstAndLast(keepings: readonly { readonly receipt: Receipt }[]): (string | undefined)[] {
  const dates = keepings.map(({ receipt }) => receipt.businessDate).sort();
  return [dates[0], dates.at(-1)];
}

function columnsOf(keepings: readonly Keeping[]): string[] {
  return [
    columnOf(keepings, ({ ground }) => ground.programme.programmeId),
    columnOf(keepings, ({ receipt }) => receipt.storeId),
    columnOf(keepings, ({ receipt }) => receipt.tillId),
    columnOf(keepings, ({ receipt }) => receipt.businessDate),
    columnOf(keepings, ({ receipt }) => receipt.receiptNumber),
  ];
}
