import type { MemberReference, Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import type { QueryConfig } from 'pg';
import type { Ground } from '../book/book.js';
import { column, columnOf } from '../lanes/column.js';
import type { LaneTransaction } from '../lanes/lane.js';
import { type AccountState, noAccount } from '../points/ledger.js';
import { firstOfMonth, lastOfMonth } from '../programmes/calendar.js';
import { tierPeriodBegins } from '../tiers/ladder.js';
import type { Claim, Decided, Held, NewPurchase, Posting } from './decide-purchases.js';
import type { StoredResult } from './result.js';

/** What the locks showed for a batch. */
export interface HeldBatch {
  /** Of programmes, stores and tills, as of the locks. */
  readonly revision: number;
  readonly items: Held[];
  /** Some member was merged into another after the locks were chosen. */
  readonly wasMerged: boolean;
}

type HeldRow = [
  revision: number,
  memberId: string | null,
  isKnown: boolean,
  isGone: boolean,
  mergedInto: string | null,
  balance: number | null,
  debt: number,
  memberSeq: number,
  postedMs: number,
  nextExpiryMs: number | null,
  dayPoints: number | null,
  monthPoints: number | null,
  spentMinor: number | null,
  claimId: string | null,
  claimFingerprint: Buffer,
  claimRungMs: number,
  claimOffset: number,
  claimResult: StoredResult,
  keyFingerprint: Buffer | null,
  keyResult: StoredResult,
  twinId: string | null,
  twinRungMs: number,
  isRefundWaiting: boolean,
];

/** What is held for: a posting, or a kept purchase that may be credited now. */
export interface Holdable {
  readonly caller: string;
  readonly key: string | undefined;
  readonly receipt: Receipt;
  readonly reference: MemberReference | undefined;
  readonly content: { readonly fingerprint: Buffer };
  readonly ground: Ground;
}

/** Round trip one: locks the members of the items, sorted, then reads what their decisions need. */
export async function holdMembers(
  tx: LaneTransaction,
  route: 'purchase' | 'claim',
  items: readonly Holdable[],
): Promise<HeldBatch> {
  const { rows } = await tx.rows<HeldRow>({
    name: 'hold_members',
    text: `SELECT * FROM hold_members($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::text[], $6::bytea[], $7,
      $8::text[], $9::text[], $10::uuid[], $11::text[], $12::bytea[], $13::date[], $14::date[], $15::date[])`,
    values: [
      ...receiptColumns(items),
      columnOf(items, ({ content }) => content.fingerprint),
      route,
      columnOf(items, ({ caller }) => caller),
      columnOf(items, ({ key }) => key ?? null),
      ...memberColumns(items),
      columnOf(items, ({ ground, receipt }) => tierPeriodBegins(ground.policy, receipt.businessDate)),
      columnOf(items, ({ receipt }) => firstOfMonth(receipt.businessDate)),
      columnOf(items, ({ receipt }) => lastOfMonth(receipt.businessDate)),
    ],
  });
  return {
    revision: rows[0]?.[0] ?? 0,
    items: rows.map(heldOf),
    wasMerged: rows.some(([, , , , mergedInto]) => mergedInto !== null),
  };
}

/** Revision of programmes, stores and tills, for a batch that has nothing to hold. */
export async function currentRevision(tx: LaneTransaction): Promise<number> {
  const { rows } = await tx.rows<[number]>({ name: 'revision', text: `SELECT revision FROM reference_revision` });
  return rows[0]?.[0] ?? 0;
}

/**
 * Round trip two: sends what a batch comes to, each table by one statement, and does not wait. Rows are sorted by key, so
 * that two batches that insert the same ones wait for each other instead of locking each other out.
 */
export function recordPurchases(tx: LaneTransaction, decided: Decided, now: string): Promise<unknown>[] {
  const { purchases, pending, awaited } = decided;
  const sent: Promise<unknown>[] = [];
  if (purchases.length > 0) sent.push(tx.query(purchasesStatement(purchases, now)));
  if (pending.length > 0) sent.push(tx.query(pendingStatement(pending, now)));
  if (awaited.length > 0) sent.push(tx.query(awaitedStatement(awaited, now)));
  return sent;
}

function memberColumns(items: readonly Holdable[]): string[] {
  const ids: (string | null)[] = [];
  const numbers: (string | null)[] = [];
  const tokens: (Buffer | null)[] = [];
  for (const { reference } of items) {
    const by = reference?.by;
    ids.push(by?.$case === 'memberId' ? by.value : null);
    numbers.push(by?.$case === 'number' ? by.value : null);
    tokens.push(by?.$case === 'codeTokenSha256' ? Buffer.from(by.value) : null);
  }
  return [column(ids), column(numbers), column(tokens)];
}

function heldOf(row: HeldRow): Held {
  const [, memberId, isKnown, isGone, , , , , , , dayPoints, monthPoints, spentMinor, ...rest] = row;
  const [
    claimId,
    fingerprint,
    rungMs,
    offsetMinutes,
    result,
    keyFingerprint,
    keyResult,
    twinId,
    twinRungMs,
    isRefundWaiting,
  ] = rest;
  return {
    memberId: memberId ?? undefined,
    isKnown,
    isGone,
    account: accountOf(row),
    past: { dayPoints: dayPoints ?? 0, monthPoints: monthPoints ?? 0, spentMinor: spentMinor ?? 0 },
    claim: claimId === null ? undefined : ({ id: claimId, fingerprint, rungMs, offsetMinutes, result } satisfies Claim),
    keyed: keyFingerprint === null ? undefined : { fingerprint: keyFingerprint, result: keyResult },
    twin: twinId === null ? undefined : { id: twinId, rungMs: twinRungMs },
    isRefundWaiting,
  };
}

function accountOf([, , , , , balance, debt, memberSeq, postedMs, nextExpiryMs]: HeldRow): AccountState {
  if (balance === null) return noAccount;
  return { balance, debt, memberSeq, postedMs, nextExpiryMs: nextExpiryMs ?? undefined };
}

function purchasesStatement(purchases: readonly NewPurchase[], now: string): QueryConfig {
  const sorted = [...purchases].sort(byClaim);
  return {
    name: 'record_purchases',
    text: `INSERT INTO purchase (programme_id, store_id, till_id, business_date, receipt_number, purchase_id, fingerprint,
        rung_at, rung_at_offset_minutes, state, member_id, programme_version, total_minor, channel, party_size, lines,
        payments, result, posted_at)
      SELECT *, $19::timestamptz FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::text[], $6::uuid[],
        $7::bytea[], $8::timestamptz[], $9::smallint[], $10::text[], $11::uuid[], $12::integer[], $13::bigint[],
        $14::text[], $15::integer[], $16::json[], $17::json[], $18::json[])`,
    values: [
      ...receiptColumns(sorted.map(({ posting }) => posting)),
      columnOf(sorted, ({ id }) => id),
      columnOf(sorted, ({ posting }) => posting.content.fingerprint),
      columnOf(sorted, ({ posting }) => new Date(posting.rungMs).toISOString()),
      columnOf(sorted, ({ posting }) => posting.purchase.rungAtOffsetMinutes),
      columnOf(sorted, ({ result }) => result.o),
      columnOf(sorted, ({ memberId }) => memberId ?? null),
      columnOf(sorted, ({ posting }) => posting.ground.policy.version),
      columnOf(sorted, ({ posting }) => posting.purchase.totalMinor),
      columnOf(sorted, ({ posting }) => posting.purchase.channel),
      columnOf(sorted, ({ posting }) => posting.purchase.partySize),
      columnOf(sorted, ({ posting }) => posting.content.lines),
      columnOf(sorted, ({ posting }) => posting.content.payments),
      columnOf(sorted, ({ result }) => JSON.stringify(result)),
      now,
    ],
  };
}

function pendingStatement(pending: Decided['pending'], now: string): QueryConfig {
  return {
    name: 'record_pending',
    text: `INSERT INTO pending_purchase (programme_id, store_id, till_id, business_date, receipt_number, purchase_id,
        told_member, due_at)
      SELECT *, $8::timestamptz + interval '1 second' FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[],
        $5::text[], $6::uuid[], $7::text[])`,
    values: [
      ...receiptColumns(pending.map(({ posting }) => posting)),
      columnOf(pending, ({ id }) => id),
      columnOf(pending, ({ told }) => told),
      now,
    ],
  };
}

/** Refunds that waited for these purchases become due. */
function awaitedStatement(awaited: readonly Posting[], now: string): QueryConfig {
  return {
    name: 'record_awaited',
    text: `UPDATE refund SET due_at = $6::timestamptz
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::text[]) r (programme_id, store_id, till_id,
        business_date, receipt_number)
      WHERE refund.state = 'waiting' AND refund.programme_id = r.programme_id
        AND refund.purchase_store_id = r.store_id AND refund.purchase_till_id = r.till_id
        AND refund.purchase_business_date = r.business_date AND refund.purchase_receipt_number = r.receipt_number`,
    values: [...receiptColumns(awaited), now],
  };
}

function receiptColumns(rows: readonly { readonly receipt: Receipt; readonly ground: Ground }[]): string[] {
  return [
    columnOf(rows, ({ ground }) => ground.programme.programmeId),
    columnOf(rows, ({ receipt }) => receipt.storeId),
    columnOf(rows, ({ receipt }) => receipt.tillId),
    columnOf(rows, ({ receipt }) => receipt.businessDate),
    columnOf(rows, ({ receipt }) => receipt.receiptNumber),
  ];
}

function byClaim(a: { readonly posting: Posting }, b: { readonly posting: Posting }): number {
  const [one, other] = [a.posting.receipt, b.posting.receipt];
  return (
    compare(one.tillId, other.tillId) ||
    compare(one.businessDate, other.businessDate) ||
    compare(one.receiptNumber, other.receiptNumber)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
