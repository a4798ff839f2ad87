import { type Receipt, type RefundPurchaseResult, RefundRefusal } from '@regulars/contracts/loyalty/v1/purchases';
import type { Book, Ground } from '../book/book.js';
import type { Movement } from '../holds/watch.js';
import { givingBackOf, type Paid, type PaidWithCoupons, toReturn } from '../payments/payments.js';
import { lineCounts } from '../points/accrual.js';
import {
  type AccountState,
  LedgerBatch,
  type NewEntry,
  noAccount,
  type Occasion,
  type OpenAccount,
} from '../points/ledger.js';
import { type EarnedLine, type EarnedLot, type GivenBack, type ToRefund, takeBack } from '../points/refund.js';
import { policyOfVersion } from '../programmes/policy.js';
import { dateRefusal } from '../receipts/business-date.js';
import { receiptKey } from '../receipts/receipt.js';
import { type GivenBackRedemption, giveBackRedemptions, type ToGiveBack } from '../redemptions/give-back.js';
import type { RefundContent } from './refund-receipt.js';
import { answerOfRefund, type StoredRefund } from './refund-result.js';

/** A well-formed refund whose store, till and programme are known. */
export interface Refunding {
  readonly caller: string;
  readonly key: string | undefined;
  /** The refund's own. */
  readonly receipt: Receipt;
  readonly purchase: Receipt;
  readonly rungMs: number;
  readonly lines: ToRefund;
  readonly content: RefundContent;
  readonly ground: Ground;
  readonly traceparent: string | undefined;
  /** Set when due-time work tries a refund again that waits for its purchase. */
  readonly waitingId: string | undefined;
}

/** A purchase as it stands, with what it earned. */
export interface StoredPurchase {
  readonly id: string;
  readonly isCredited: boolean;
  readonly programmeVersion: number;
  readonly points: number;
  readonly weights: readonly number[] | undefined;
  readonly lines: readonly (readonly [sku: string, name: string, category: string, quantity: number, amount: number])[];
  readonly refunded: readonly GivenBack[];
  readonly refundedUncredited: readonly GivenBack[];
  readonly lots: readonly EarnedLot[];
}

/** What the locks showed for one refund. */
export interface HeldRefund {
  /** Who was credited; undefined when nobody was or the purchase is not there. */
  readonly memberId: string | undefined;
  readonly account: AccountState;
  readonly purchase: StoredPurchase | undefined;
  /** What it was paid with besides money. */
  readonly paid?: Paid | undefined;
  readonly refund: { readonly fingerprint: Buffer; readonly result: StoredRefund } | undefined;
  readonly keyed: { readonly fingerprint: Buffer; readonly result: StoredRefund } | undefined;
}

/** A refund that was applied, for its event. */
export interface AppliedRefund {
  readonly refunding: Refunding;
  readonly entry: NewEntry;
  readonly purchaseId: string;
  readonly taken: number;
  readonly owed: number;
  readonly refundedMinor: number;
  /** What it gave back, by line. */
  readonly lines: ToRefund;
}

/** What a batch of refunds comes to. */
export interface DecidedRefunds {
  readonly results: RefundPurchaseResult[];
  readonly ledger: LedgerBatch;
  readonly refunds: { readonly refunding: Refunding; readonly id: string; readonly result: StoredRefund }[];
  readonly keys: { readonly refunding: Refunding; readonly result: StoredRefund }[];
  readonly conflicts: Refunding[];
  readonly applied: AppliedRefund[];
  /** Refunds of points that were spent before, where versions count them. */
  readonly movements: Movement[];
  /** Points that purchases were paid with and that came back. */
  readonly returned: GivenBackRedemption[];
  /** Uses of coupons that can be used again. */
  readonly couponsBack: PaidWithCoupons[];
  /** What was given back of purchases, by their receipts; the last one of a receipt counts. */
  readonly givenBack: ReadonlyMap<string, { readonly refunding: Refunding; readonly refunded: readonly GivenBack[] }>;
}

/** Decides a batch of refunds one by one, in order; each sees what those before it did (requirement L6). */
export function decideRefunds(
  items: readonly { readonly refunding: Refunding; readonly held: HeldRefund }[],
  book: Book,
  occasion: Occasion,
): DecidedRefunds {
  const batch = new RefundBatch(book, occasion);
  for (const { refunding, held } of items) batch.decide(refunding, held);
  return batch;
}

type Stored = { readonly fingerprint: Buffer; readonly result: StoredRefund };

class RefundBatch implements DecidedRefunds {
  readonly results: RefundPurchaseResult[] = [];
  readonly ledger: LedgerBatch;
  readonly refunds: { refunding: Refunding; id: string; result: StoredRefund }[] = [];
  readonly keys: { refunding: Refunding; result: StoredRefund }[] = [];
  readonly conflicts: Refunding[] = [];
  readonly applied: AppliedRefund[] = [];
  readonly movements: Movement[] = [];
  readonly returned: GivenBackRedemption[] = [];
  readonly couponsBack: PaidWithCoupons[] = [];
  readonly givenBack = new Map<string, { refunding: Refunding; refunded: readonly GivenBack[] }>();
  private readonly lots = new Map<string, readonly EarnedLot[]>();
  private readonly stored = new Map<string, Stored>();
  private readonly answered = new Map<string, Stored>();

  constructor(
    private readonly book: Book,
    private readonly occasion: Occasion,
  ) {
    this.ledger = new LedgerBatch(occasion.nowMs);
  }

  decide(refunding: Refunding, held: HeldRefund): void {
    const { content } = refunding;
    const keyed = held.keyed ?? this.answered.get(`${refunding.caller}|${refunding.key}`);
    if (refunding.key !== undefined && keyed) {
      const isSame = keyed.fingerprint.equals(content.bodyFingerprint);
      const reused = { o: 'refused', why: RefundRefusal.IDEMPOTENCY_KEY_REUSED } as const;
      this.results.push(isSame ? answerOfRefund(keyed.result, true) : answerOfRefund(reused, false));
      return;
    }
    const known = held.refund ?? this.stored.get(receiptKey(refunding.receipt));
    const waits = known?.result.o === 'waiting' && refunding.waitingId !== undefined;
    if (!known || waits) this.answer(refunding, this.decideNew(refunding, held), false);
    else if (known.fingerprint.equals(content.fingerprint)) this.answer(refunding, known.result, true);
    else {
      this.conflicts.push(refunding);
      this.answer(refunding, { o: 'refused', why: RefundRefusal.RECEIPT_CONFLICT }, false);
    }
  }

  private answer(refunding: Refunding, result: StoredRefund, replayed: boolean): void {
    this.results.push(answerOfRefund(result, replayed));
    if (refunding.key === undefined) return;
    this.keys.push({ refunding, result });
    const fingerprint = refunding.content.bodyFingerprint;
    this.answered.set(`${refunding.caller}|${refunding.key}`, { fingerprint, result });
  }

  private decideNew(refunding: Refunding, held: HeldRefund): StoredRefund {
    const why = refunding.waitingId === undefined ? this.dateRefusalOf(refunding, refunding.receipt) : undefined;
    if (why !== undefined) return { o: 'refused', why };
    const id = refunding.waitingId ?? this.occasion.newId();
    const { purchase } = held;
    if (purchase) return this.apply(refunding, held, purchase, id);
    // A purchase that could no longer be posted will never come.
    const never = this.dateRefusalOf(refunding, refunding.purchase);
    if (never !== undefined) return this.refuse(refunding, id, never);
    return refunding.waitingId === undefined ? this.keep(refunding, id, { o: 'waiting', id }) : { o: 'waiting', id };
  }

  private dateRefusalOf({ ground }: Refunding, { businessDate }: Receipt): RefundRefusal | undefined {
    const today = this.book.todayAt(ground.place, this.occasion.nowMs);
    switch (dateRefusal(businessDate, today, ground.policy.acceptDaysBack)) {
      case 'in-future':
        return RefundRefusal.BUSINESS_DATE_IN_FUTURE;
      case 'too-old':
        return RefundRefusal.BUSINESS_DATE_TOO_OLD;
      case undefined:
        return undefined;
    }
  }

  private apply(refunding: Refunding, held: HeldRefund, purchase: StoredPurchase, id: string): StoredRefund {
    const key = receiptKey(refunding.purchase);
    const refunded = this.givenBack.get(key)?.refunded ?? purchase.refunded;
    const { points, refundedUncredited } = purchase;
    const earned = { points, lines: this.linesOf(refunding, purchase), refunded, refundedUncredited };
    const stoodLots = this.lots.get(key) ?? purchase.lots;
    const asked = takeBack({ ...earned, lots: stoodLots }, refunding.lines);
    if (asked.outcome === 'refused') return this.refuse(refunding, id, RefundRefusal[asked.reason]);
    // What it was paid with comes back first, so that points earned are taken from lots that are whole again.
    const returns = this.returnsOf(held.paid, earned.lines, asked.refunded);
    const lots = stoodLots.map((lot) => withReturned(lot, returns, this.occasion.nowMs));
    const back = takeBack({ ...earned, lots }, refunding.lines);
    if (back.outcome === 'refused') return this.refuse(refunding, id, RefundRefusal[back.reason]);
    const account = this.accountOf(refunding, held, purchase);
    const taken = back.fromLots.reduce((sum, lot) => sum + lot.taken, 0);
    if (account && back.owed > 0 && !refunding.ground.policy.refundMayOwe) {
      const own = returns.filter(({ row }) => row.memberId === account.memberId);
      const balance = account.balance + own.reduce((sum, each) => sum + liveIn(each, this.occasion.nowMs), 0);
      if (balance - taken < back.owed) return this.refuse(refunding, id, RefundRefusal.POINTS_ALREADY_SPENT);
    }
    this.givenBack.set(key, { refunding, refunded: back.refunded });
    this.lots.set(
      key,
      lots.map((lot) => without(lot, back.fromLots)),
    );
    const given = this.giveBack(held.paid, returns, isWholeOf(earned.lines, back.refunded));
    if (!account) {
      return this.keep(refunding, id, { o: 'taken-back', id, member: '', taken: 0, owed: 0, balance: 0, ...given });
    }
    const { owed, refundedMinor } = back;
    const numbers = {
      refunded_minor: refundedMinor,
      counted_minor: back.countedMinor,
      bought_on: Number(refunding.purchase.businessDate.replaceAll('-', '')),
      points: taken,
      owed,
      forgiven: back.fromLots.reduce((sum, lot) => sum + lot.forgiven, 0),
    };
    const booking = bookingOf(refunding, purchase, id, numbers);
    const entry = this.ledger.takeBack(account, booking, { ...back, boughtOn: refunding.purchase.businessDate });
    const lines = addedTo(refunded, back.refunded);
    this.applied.push({ refunding, entry, purchaseId: purchase.id, taken, owed, refundedMinor, lines });
    if (owed > 0) this.note(refunding, account, id);
    const { memberId: member, balance } = account;
    return this.keep(refunding, id, { o: 'taken-back', id, member, taken, owed, balance, ...given });
  }

  /** Purchases that follow may be held for it. */
  private note({ ground, receipt, rungMs }: Refunding, { memberId, programmeId }: OpenAccount, sourceId: string): void {
    if (!ground.policy.holdLimits?.memberRefundsOfSpent) return;
    this.movements.push({ kind: 'refund-of-spent', sourceId, programmeId, memberId, tillId: receipt.tillId, rungMs });
  }

  private returnsOf(paid: Paid | undefined, lines: readonly EarnedLine[], refunded: readonly GivenBack[]) {
    const soFar = {
      refundedMinor: refunded.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
      totalMinor: lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
      isWhole: isWholeOf(lines, refunded),
    };
    const returns = (paid?.points ?? []).map((each) => toReturn(each, this.returnedBefore(each.row), soFar));
    return returns.filter(({ row, points, state }) => points > 0 || (state === 'returned' && row.points > 0));
  }

  private returnedBefore({ redemptionId, returned }: ToGiveBack['row']): number {
    return this.returned.findLast(({ row }) => row.redemptionId === redemptionId)?.returned ?? returned;
  }

  /** Books what the purchase was paid with; coupons can be used again once all of it is given back. */
  private giveBack(paid: Paid | undefined, returns: readonly ToGiveBack[], isWhole: boolean) {
    const accountOf = (row: ToGiveBack['row']) =>
      paid?.points.find((each) => each.row.redemptionId === row.redemptionId)?.account ?? noAccount;
    const given = giveBackRedemptions(this.ledger, returns, accountOf, this.occasion);
    this.returned.push(...given);
    const coupons = isWhole ? (paid?.coupons ?? []) : [];
    this.couponsBack.push(...coupons);
    const returned = given.reduce((sum, { entry }) => sum + entry.points, 0);
    return { ...(returned > 0 && { returned }), ...(coupons.length > 0 && { coupons: coupons.length }) };
  }

  /** Which lines counted is decided by the policy that credited the purchase. */
  private linesOf({ ground }: Refunding, purchase: StoredPurchase): EarnedLine[] {
    const policy = policyOfVersion(ground.programme, purchase.programmeVersion);
    return purchase.lines.map(([sku, , category, quantityMilli, amountMinor], place) => ({
      quantityMilli,
      amountMinor,
      counts: !policy || lineCounts(policy, { category, sku }),
      weight: purchase.weights?.[place],
    }));
  }

  private accountOf({ ground }: Refunding, held: HeldRefund, purchase: StoredPurchase): OpenAccount | undefined {
    if (!purchase.isCredited || held.memberId === undefined) return undefined;
    return this.ledger.account(ground.programme.programmeId, held.memberId, held.account);
  }

  private refuse(refunding: Refunding, id: string, why: RefundRefusal): StoredRefund {
    const result = { o: 'refused', why } as const;
    // A refund that waited has a row that must stop waiting; any other leaves nothing.
    if (refunding.waitingId !== undefined) this.refunds.push({ refunding, id, result });
    return result;
  }

  private keep(refunding: Refunding, id: string, result: StoredRefund): StoredRefund {
    this.refunds.push({ refunding, id, result });
    this.stored.set(receiptKey(refunding.receipt), { fingerprint: refunding.content.fingerprint, result });
    return result;
  }
}

/** What was given back on top of what was before. */
function addedTo(before: readonly GivenBack[], after: readonly GivenBack[]): ToRefund {
  const added = after.map(({ quantityMilli, amountMinor }, line) => ({
    line,
    quantityMilli: quantityMilli - (before[line]?.quantityMilli ?? 0),
    amountMinor: amountMinor - (before[line]?.amountMinor ?? 0),
  }));
  return added.filter(({ quantityMilli, amountMinor }) => quantityMilli + amountMinor > 0);
}

function isWholeOf(lines: readonly EarnedLine[], refunded: readonly GivenBack[]): boolean {
  return lines.every(
    ({ quantityMilli, amountMinor }, index) =>
      refunded[index]?.quantityMilli === quantityMilli && refunded[index].amountMinor === amountMinor,
  );
}

/** A lot after points that were paid out of it came back. */
function withReturned(lot: EarnedLot, returns: readonly ToGiveBack[], nowMs: number): EarnedLot {
  let { remaining, expired } = lot;
  for (const each of returns) {
    const { intoLots, endedInLots } = givingBackOf(each, nowMs);
    for (const into of intoLots) if (into.lotId === lot.lotId) remaining += into.points;
    for (const ended of endedInLots) if (ended.lotId === lot.lotId) expired += ended.points;
  }
  return { ...lot, remaining, expired };
}

function liveIn(each: ToGiveBack, nowMs: number): number {
  return givingBackOf(each, nowMs).intoLots.reduce((sum, { points }) => sum + points, 0);
}

function without(lot: EarnedLot, changes: readonly { lotId: string; taken: number; forgiven: number }[]): EarnedLot {
  const change = changes.find(({ lotId }) => lotId === lot.lotId);
  if (!change) return lot;
  return { ...lot, remaining: lot.remaining - change.taken, expired: lot.expired - change.forgiven };
}

function bookingOf(refunding: Refunding, purchase: StoredPurchase, id: string, numbers: Record<string, number>) {
  const { storeId, businessDate } = refunding.receipt;
  const pointsE4 = -((numbers.points ?? 0) + (numbers.owed ?? 0)) * 10_000;
  return {
    entryId: id,
    kind: 'refund-reversal',
    sourceId: id,
    storeId,
    businessDate,
    programmeVersion: purchase.programmeVersion,
    steps: [['taken-back', pointsE4, numbers]],
  } as const;
}
