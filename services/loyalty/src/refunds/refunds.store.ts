import type { Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import type { QueryConfig } from 'pg';
import { columnOf } from '../lanes/column.js';
import type { LaneTransaction } from '../lanes/lane.js';
import { noAccount } from '../points/ledger.js';
import type { GivenBack } from '../points/refund.js';
import type { DecidedRefunds, HeldRefund, Refunding, StoredPurchase } from './decide-refunds.js';
import type { StoredRefund } from './refund-result.js';

/** What the locks showed for a batch of refunds. */
export interface HeldRefunds {
  readonly revision: number;
  readonly items: HeldRefund[];
  /** Some purchase was credited, or its member merged, after the locks were chosen. */
  readonly hasMoved: boolean;
}

type Pairs = readonly (readonly [quantityMilli: number, amountMinor: number])[];

type HeldRow = [
  revision: number,
  lockedMember: string | null,
  memberId: string | null,
  balance: number | null,
  debt: number,
  memberSeq: number,
  postedMs: number,
  nextExpiryMs: number | null,
  purchaseId: string | null,
  state: string,
  programmeVersion: number,
  totalMinor: number,
  lines: StoredPurchase['lines'],
  payments: unknown,
  refunded: Pairs | null,
  refundedUncredited: Pairs | null,
  result: { readonly points?: number; readonly weights?: readonly number[] },
  lotPoints: number | null,
  lotRemaining: number,
  lotExpired: number,
  lotExpiresMs: number | null,
  refundId: string | null,
  refundFingerprint: Buffer,
  refundResult: StoredRefund,
  keyFingerprint: Buffer | null,
  keyResult: StoredRefund,
];

/** Round trip one: locks who was credited, sorted, and the purchases, then reads what the decisions need. */
export async function holdPurchases(tx: LaneTransaction, refundings: readonly Refunding[]): Promise<HeldRefunds> {
  const { rows } = await tx.rows<HeldRow>({
    name: 'hold_purchases',
    text: `SELECT * FROM hold_purchases($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::text[], $6::uuid[],
      $7::uuid[], $8::date[], $9::text[], $10::text[], $11::text[])`,
    values: [
      ...receiptColumns(refundings),
      ...columnsOf(refundings.map(({ purchase }) => purchase)),
      columnOf(refundings, ({ caller }) => caller),
      columnOf(refundings, ({ key }) => key ?? null),
    ],
  });
  return {
    revision: rows[0]?.[0] ?? 0,
    items: rows.map(heldOf),
    hasMoved: rows.some(([, locked, memberId]) => locked !== memberId),
  };
}

/** Round trip two: sends what a batch of refunds comes to, besides ledger, keys and conflicts, and does not wait. */
export function recordRefunds(tx: LaneTransaction, decided: DecidedRefunds, now: string): Promise<unknown>[] {
  const sent: Promise<unknown>[] = [];
  const fresh = decided.refunds.filter(({ refunding }) => refunding.waitingId === undefined);
  const waited = decided.refunds.filter(({ refunding }) => refunding.waitingId !== undefined);
  if (fresh.length > 0) sent.push(tx.query(refundsStatement(fresh, now)));
  if (waited.length > 0) sent.push(tx.query(waitedStatement(waited)));
  if (decided.givenBack.size > 0) sent.push(tx.query(givenBackStatement([...decided.givenBack.values()])));
  return sent;
}

function heldOf(row: HeldRow): HeldRefund {
  const [, memberId, , balance, debt, memberSeq, postedMs, nextExpiryMs] = row;
  const [refundId, refundFingerprint, refundResult, keyFingerprint, keyResult] = row.slice(-5) as [
    string | null,
    Buffer,
    StoredRefund,
    Buffer | null,
    StoredRefund,
  ];
  return {
    memberId: memberId ?? undefined,
    account:
      balance === null ? noAccount : { balance, debt, memberSeq, postedMs, nextExpiryMs: nextExpiryMs ?? undefined },
    purchase: purchaseIn(row),
    refund: refundId === null ? undefined : { fingerprint: refundFingerprint, result: refundResult },
    keyed: keyFingerprint === null ? undefined : { fingerprint: keyFingerprint, result: keyResult },
  };
}

function purchaseIn(row: HeldRow): StoredPurchase | undefined {
  const [, , , , , , , , id, state, programmeVersion, , lines, , refunded, refundedUncredited, result] = row;
  if (id === null) return undefined;
  const [, , , , , , , , , , , , , , , , , lotPoints, remaining, expired, expiresMs] = row;
  const lot = { lotId: id, remaining, expired, expiresMs: expiresMs ?? undefined };
  return {
    id,
    isCredited: state === 'credited',
    programmeVersion,
    points: result.points ?? 0,
    weights: result.weights,
    lines,
    refunded: (refunded ?? []).map(givenBackOf),
    refundedUncredited: (refundedUncredited ?? []).map(givenBackOf),
    lots: lotPoints === null ? [] : [lot],
  };
}

function givenBackOf([quantityMilli, amountMinor]: Pairs[number]): GivenBack {
  return { quantityMilli, amountMinor };
}

function refundsStatement(refunds: DecidedRefunds['refunds'], now: string): QueryConfig {
  const refundings = refunds.map(({ refunding }) => refunding);
  return {
    name: 'record_refunds',
    text: `INSERT INTO refund (programme_id, store_id, till_id, business_date, receipt_number, purchase_store_id,
        purchase_till_id, purchase_business_date, purchase_receipt_number, refund_id, fingerprint, rung_at, lines, state,
        result, posted_at, due_at)
      SELECT *, $16::timestamptz, $16::timestamptz + interval '1 second' FROM unnest($1::uuid[], $2::uuid[], $3::uuid[],
        $4::date[], $5::text[], $6::uuid[], $7::uuid[], $8::date[], $9::text[], $10::uuid[], $11::bytea[],
        $12::timestamptz[], $13::json[], $14::text[], $15::json[]) ORDER BY 1, 2, 3, 4, 5`,
    values: [
      ...receiptColumns(refundings),
      ...columnsOf(refundings.map(({ purchase }) => purchase)),
      columnOf(refunds, ({ id }) => id),
      columnOf(refundings, ({ content }) => content.fingerprint),
      columnOf(refundings, ({ rungMs }) => new Date(rungMs).toISOString()),
      columnOf(refundings, ({ lines }) =>
        JSON.stringify(lines.map(({ line, quantityMilli, amountMinor }) => [line, quantityMilli, amountMinor])),
      ),
      columnOf(refunds, ({ result }) => result.o),
      columnOf(refunds, ({ result }) => JSON.stringify(result)),
      now,
    ],
  };
}

function waitedStatement(waited: DecidedRefunds['refunds']): QueryConfig {
  return {
    name: 'end_waiting',
    text: `UPDATE refund SET state = w.state, result = w.result, due_at = NULL, lease_until = NULL
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::text[], $6::text[], $7::json[])
        w (programme_id, store_id, till_id, business_date, receipt_number, state, result)
      WHERE refund.programme_id = w.programme_id AND refund.store_id = w.store_id AND refund.till_id = w.till_id
        AND refund.business_date = w.business_date AND refund.receipt_number = w.receipt_number`,
    values: [
      ...receiptColumns(waited.map(({ refunding }) => refunding)),
      columnOf(waited, ({ result }) => result.o),
      columnOf(waited, ({ result }) => JSON.stringify(result)),
    ],
  };
}

function givenBackStatement(
  purchases: readonly { refunding: Refunding; refunded: readonly GivenBack[] }[],
): QueryConfig {
  const receipts = purchases.map(({ refunding }) => refunding.purchase);
  const dates = receipts.map(({ businessDate }) => businessDate).sort();
  return {
    name: 'record_given_back',
    text: `UPDATE purchase p SET refunded = g.refunded
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::text[], $6::json[])
        g (programme_id, store_id, till_id, business_date, receipt_number, refunded)
      WHERE p.programme_id = g.programme_id AND p.store_id = g.store_id AND p.till_id = g.till_id
        AND p.business_date = g.business_date AND p.receipt_number = g.receipt_number
        AND p.business_date BETWEEN $7::date AND $8::date`,
    values: [
      columnOf(purchases, ({ refunding }) => refunding.ground.programme.programmeId),
      ...columnsOf(receipts),
      columnOf(purchases, ({ refunded }) =>
        JSON.stringify(refunded.map((back) => [back.quantityMilli, back.amountMinor])),
      ),
      dates[0],
      dates.at(-1),
    ],
  };
}

function receiptColumns(refundings: readonly Refunding[]): string[] {
  return [
    columnOf(refundings, ({ ground }) => ground.programme.programmeId),
    ...columnsOf(refundings.map(({ receipt }) => receipt)),
  ];
}

function columnsOf(receipts: readonly Receipt[]): string[] {
  return [
    columnOf(receipts, ({ storeId }) => storeId),
    columnOf(receipts, ({ tillId }) => tillId),
    columnOf(receipts, ({ businessDate }) => businessDate),
    columnOf(receipts, ({ receiptNumber }) => receiptNumber),
  ];
}
