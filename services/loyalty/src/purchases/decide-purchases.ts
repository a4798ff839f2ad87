import { InvalidAmount } from '@regulars/amounts';
import {
  HoldReason,
  type MemberReference,
  PendingReason,
  type PostPurchaseResult,
  type Purchase,
  PurchaseRefusal,
  type Receipt,
} from '@regulars/contracts/loyalty/v1/purchases';
import type { Book, Ground } from '../book/book.js';
import { type NewHold, restamped } from '../holds/hold.js';
import type { HoldCause, Movement, Watch } from '../holds/watch.js';
import { type AccountState, LedgerBatch, type NewEntry, type Occasion } from '../points/ledger.js';
import { daysApart } from '../programmes/calendar.js';
import { dateRefusal, mayBeRestamped } from '../receipts/business-date.js';
import { receiptKey } from '../receipts/receipt.js';
import { type Content, toldMember } from './content.js';
import { credit, type Past } from './credit.js';
import { answerOf, type StoredResult } from './result.js';

/** A well-formed purchase whose store, till and programme are known, before anything stored was looked at. */
export interface Posting {
  readonly caller: string;
  readonly key: string | undefined;
  readonly purchase: Purchase;
  readonly receipt: Receipt;
  readonly reference: MemberReference | undefined;
  readonly rungMs: number;
  readonly content: Content;
  readonly ground: Ground;
  readonly traceparent: string | undefined;
}

/** A claim that stands, stored or decided a moment ago in the same batch. */
export interface Claim {
  readonly id: string;
  readonly fingerprint: Buffer;
  readonly rungMs: number;
  readonly offsetMinutes: number;
  readonly result: StoredResult;
}

/** What the locks showed for one posting. */
export interface Held {
  /** Undefined for an anonymous purchase and for a number or code that nobody has. */
  readonly memberId: string | undefined;
  readonly isKnown: boolean;
  readonly isGone: boolean;
  readonly account: AccountState;
  readonly past: Past;
  readonly claim: Claim | undefined;
  readonly keyed: { readonly fingerprint: Buffer; readonly result: StoredResult } | undefined;
  /** A purchase of the same content under the same number one business date off. */
  readonly twin: { readonly id: string; readonly rungMs: number } | undefined;
  /** A refund of this receipt came before it. */
  readonly isRefundWaiting: boolean;
}

export interface HeldPosting {
  readonly posting: Posting;
  readonly held: Held;
  readonly keptTier: string | undefined;
  readonly isBirthday: boolean;
}

/** What besides the locks decides how much a purchase earns. */
type Circumstance = Pick<HeldPosting, 'keptTier' | 'isBirthday'>;

/** A purchase to be written with its claim. */
export interface NewPurchase {
  readonly posting: Posting;
  readonly id: string;
  readonly memberId: string | undefined;
  readonly result: StoredResult;
}

/** What a batch of postings comes to. */
export interface Decided {
  readonly results: PostPurchaseResult[];
  readonly ledger: LedgerBatch;
  readonly purchases: NewPurchase[];
  readonly keys: { readonly posting: Posting; readonly result: StoredResult }[];
  readonly earned: { readonly entry: NewEntry; readonly posting: Posting; readonly tier: string }[];
  readonly conflicts: Posting[];
  readonly pending: { readonly id: string; readonly posting: Posting; readonly told: string }[];
  readonly holds: NewHold[];
  /** What counts from now on where purchases are watched. */
  readonly movements: Movement[];
  /** Purchases that a refund waits for. */
  readonly awaited: Posting[];
}

/**
 * Decides a batch of postings one by one, in order; each sees what those before it did (requirements L1, L2). Every
 * receipt is credited at most once, whatever its key; every key has one answer.
 *
 * @param watch what members and tills did around the purchases, where versions have limits
 */
export function decidePurchases(items: readonly HeldPosting[], book: Book, watch: Watch, occasion: Occasion): Decided {
  const batch = new PurchaseBatch(book, watch, occasion);
  for (const item of items) batch.decide(item);
  return batch;
}

class PurchaseBatch implements Decided {
  readonly results: PostPurchaseResult[] = [];
  readonly ledger: LedgerBatch;
  readonly purchases: NewPurchase[] = [];
  readonly keys: { posting: Posting; result: StoredResult }[] = [];
  readonly earned: { entry: NewEntry; posting: Posting; tier: string }[] = [];
  readonly conflicts: Posting[] = [];
  readonly pending: { id: string; posting: Posting; told: string }[] = [];
  readonly holds: NewHold[] = [];
  readonly movements: Movement[] = [];
  readonly awaited: Posting[] = [];
  private readonly claimed = new Map<string, Claim>();
  private readonly answered = new Map<string, { fingerprint: Buffer; result: StoredResult }>();
  private readonly numbered = new Map<string, NewPurchase[]>();

  constructor(
    private readonly book: Book,
    private readonly watch: Watch,
    private readonly occasion: Occasion,
  ) {
    this.ledger = new LedgerBatch(occasion.nowMs);
  }

  decide({ posting, held, ...member }: HeldPosting): void {
    const keyed = held.keyed ?? this.answered.get(`${posting.caller}|${posting.key}`);
    if (posting.key !== undefined && keyed) {
      const isSame = keyed.fingerprint.equals(posting.content.bodyFingerprint);
      const reused = { o: 'refused', why: PurchaseRefusal.IDEMPOTENCY_KEY_REUSED, id: '' } as const;
      this.results.push(isSame ? answerOf(keyed.result, true) : answerOf(reused, false));
      return;
    }
    const claim = held.claim ?? this.claimed.get(receiptKey(posting.receipt));
    if (!claim) this.answer(posting, this.decideNew(posting, held, member), false);
    else if (isSameBody(claim, posting)) this.answer(posting, claim.result, true);
    else {
      this.conflicts.push(posting);
      this.answer(posting, { o: 'refused', why: PurchaseRefusal.RECEIPT_CONFLICT, id: claim.id }, false);
    }
  }

  private answer(posting: Posting, result: StoredResult, replayed: boolean): void {
    this.results.push(answerOf(result, replayed));
    if (posting.key === undefined) return;
    this.keys.push({ posting, result });
    this.answered.set(`${posting.caller}|${posting.key}`, { fingerprint: posting.content.bodyFingerprint, result });
  }

  private decideNew(posting: Posting, held: Held, member: Circumstance): StoredResult {
    const refusal = this.refusalOf(posting, held);
    if (refusal !== undefined) return { o: 'refused', why: refusal, id: '' };
    if (held.isRefundWaiting) this.awaited.push(posting);
    const id = this.occasion.newId();
    const twinId = this.twinOf(posting, held);
    if (twinId !== undefined) {
      return this.hold(posting, id, restamped, twinId);
    }
    const told = toldMember(posting.reference);
    if (told === undefined) return this.keep(posting, undefined, { o: 'pending', id, why: PendingReason.ANONYMOUS });
    if (held.memberId === undefined || !held.isKnown) {
      this.pending.push({ id, posting, told });
      return this.keep(posting, undefined, { o: 'pending', id, why: PendingReason.MEMBER_NOT_KNOWN_YET });
    }
    return this.credit(posting, held, member, held.memberId, id);
  }

  private refusalOf({ receipt, ground, purchase }: Posting, held: Held): PurchaseRefusal | undefined {
    const today = this.book.todayAt(ground.place, this.occasion.nowMs);
    switch (dateRefusal(receipt.businessDate, today, ground.policy.acceptDaysBack)) {
      case 'in-future':
        return PurchaseRefusal.BUSINESS_DATE_IN_FUTURE;
      case 'too-old':
        return PurchaseRefusal.BUSINESS_DATE_TOO_OLD;
      case undefined:
        break;
    }
    if (purchase.currency !== ground.programme.currency) return PurchaseRefusal.CURRENCY_NOT_OF_PROGRAMME;
    return held.isGone ? PurchaseRefusal.MEMBER_GONE : undefined;
  }

  private twinOf(posting: Posting, held: Held): string | undefined {
    if (held.twin && mayBeRestamped(held.twin.rungMs, posting.rungMs)) return held.twin.id;
    return this.numbered.get(numberKey(posting.receipt))?.find((other) => areTwins(other.posting, posting))?.id;
  }

  private credit(
    posting: Posting,
    held: Held,
    member: Circumstance,
    memberId: string,
    purchaseId: string,
  ): StoredResult {
    const { receipt, purchase: bought, ground } = posting;
    const { policy, programme } = ground;
    const { timeZone } = policy;
    const movement = this.movementOf(posting, memberId, purchaseId);
    const causes = policy.holdLimits && this.watch.causesFor(policy.holdLimits, movement);
    if (policy.holdLimits) this.note(movement);
    if (causes && causes.length > 0) return this.hold(posting, purchaseId, causes, undefined, memberId);
    const earnedOn = this.book.todayAt({ timeZone, dayCutoverMinutes: 0 }, this.occasion.nowMs).calendarDate;
    const account = this.ledger.account(programme.programmeId, memberId, held.account);
    try {
      const { entry, result } = credit(this.ledger, account, held.past, {
        purchaseId,
        receipt,
        policy,
        bought,
        ...member,
        occasion: this.occasion,
        channel: bought.channel,
        rungMs: posting.rungMs,
        timeZone: ground.place.timeZone,
        earnedOn,
      });
      this.earned.push({ entry, posting, tier: result.tier[0] });
      return this.keep(posting, memberId, result);
    } catch (error) {
      // Amounts so large that their points are no safe number; nothing was booked yet when this is thrown.
      if (error instanceof InvalidAmount) return { o: 'refused', why: PurchaseRefusal.MALFORMED, id: '' };
      throw error;
    }
  }

  private hold(
    posting: Posting,
    purchaseId: string,
    causes: readonly HoldCause[],
    twinPurchaseId?: string,
    memberId?: string,
  ): StoredResult {
    const { receipt, reference, ground } = posting;
    const { programmeId } = ground.programme;
    const told = toldMember(reference);
    this.holds.push({ purchaseId, programmeId, receipt, told, memberId, twinPurchaseId, causes });
    const [{ reason: why } = { reason: HoldReason.UNSPECIFIED }] = causes;
    return this.keep(posting, undefined, { o: 'held', id: purchaseId, why });
  }

  private movementOf({ ground, receipt, rungMs }: Posting, memberId: string, sourceId: string): Movement {
    const { programmeId } = ground.programme;
    return { kind: 'purchase', sourceId, programmeId, memberId, tillId: receipt.tillId, rungMs };
  }

  private note(movement: Movement): void {
    this.watch.remember(movement);
    this.movements.push(movement);
  }

  private keep(posting: Posting, memberId: string | undefined, result: StoredResult & { id: string }): StoredResult {
    const purchase = { posting, id: result.id, memberId, result };
    const { fingerprint } = posting.content;
    const { rungMs } = posting;
    const offsetMinutes = posting.purchase.rungAtOffsetMinutes;
    this.purchases.push(purchase);
    this.claimed.set(receiptKey(posting.receipt), { id: result.id, fingerprint, rungMs, offsetMinutes, result });
    const sameNumber = this.numbered.get(numberKey(posting.receipt));
    if (sameNumber) sameNumber.push(purchase);
    else this.numbered.set(numberKey(posting.receipt), [purchase]);
    return result;
  }
}

function isSameBody(claim: Claim, { content, rungMs, purchase }: Posting): boolean {
  return (
    claim.fingerprint.equals(content.fingerprint) &&
    claim.rungMs === rungMs &&
    claim.offsetMinutes === purchase.rungAtOffsetMinutes
  );
}

function numberKey({ tillId, receiptNumber }: Receipt): string {
  return `${tillId}|${receiptNumber}`;
}

function areTwins(one: Posting, other: Posting): boolean {
  return (
    daysApart(one.receipt.businessDate, other.receipt.businessDate) === 1 &&
    one.content.fingerprint.equals(other.content.fingerprint) &&
    mayBeRestamped(one.rungMs, other.rungMs)
  );
}
