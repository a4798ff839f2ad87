import { InvalidAmount, prorate } from '@regulars/amounts';
import {
  HoldReason,
  type MemberReference,
  PendingReason,
  PurchaseRefusal,
  type Receipt,
} from '@regulars/contracts/loyalty/v1/purchases';
import type { Book, Ground } from '../book/book.js';
import type { NewHold } from '../holds/hold.js';
import type { HoldCause, Movement, Watch } from '../holds/watch.js';
import type { Bought } from '../points/accrual.js';
import { LedgerBatch, type NewEntry, type Occasion } from '../points/ledger.js';
import type { GivenBack } from '../points/refund.js';
import { receiptKey } from '../receipts/receipt.js';
import { credit } from './credit.js';
import type { Held } from './decide-purchases.js';
import type { StoredResult } from './result.js';

/** A purchase that is kept and should be credited to somebody now. */
export interface Keeping {
  readonly caller: string;
  readonly key: string | undefined;
  readonly receipt: Receipt;
  readonly reference: MemberReference;
  readonly content: { readonly fingerprint: Buffer; readonly bodyFingerprint: Buffer };
  readonly ground: Ground;
  /** What a claimant says the total is; undefined when due-time work asks. */
  readonly claimedMinor: number | undefined;
}

/** A kept purchase under lock. */
export interface KeptPurchase {
  readonly id: string;
  readonly state: StoredResult['o'];
  readonly memberId: string | undefined;
  readonly rungMs: number;
  readonly rungAtOffsetMinutes: number;
  readonly totalMinor: number;
  readonly channel: string;
  readonly partySize: number;
  readonly lines: readonly (readonly [sku: string, name: string, category: string, quantity: number, amount: number])[];
  readonly payments: readonly (readonly [type: string, amount: number])[];
  readonly refunded: readonly GivenBack[];
  readonly result: StoredResult;
}

/** What became of one. */
export type KeptOutcome =
  | { readonly outcome: 'answered'; readonly result: StoredResult; readonly replayed: boolean }
  | { readonly outcome: 'refused'; readonly reason: 'NOT_FOUND' | 'ALREADY_CREDITED' | 'IDEMPOTENCY_KEY_REUSED' };

export interface HeldKept {
  readonly keeping: Keeping;
  readonly held: Held;
  readonly keptTier: string | undefined;
  readonly isBirthday: boolean;
  readonly kept: KeptPurchase | undefined;
}

/** What besides the locks decides how much a purchase earns. */
type Circumstance = Pick<HeldKept, 'keptTier' | 'isBirthday'>;

/** A kept purchase that was credited. */
export interface CreditedKept {
  readonly keeping: Keeping;
  readonly kept: KeptPurchase;
  readonly entry: NewEntry;
  readonly result: StoredResult & { readonly o: 'credited' };
}

export interface DecidedKept {
  readonly outcomes: KeptOutcome[];
  readonly ledger: LedgerBatch;
  readonly credited: CreditedKept[];
  readonly keys: { readonly keeping: Keeping; readonly result: StoredResult }[];
  /** No longer waiting: credited, or for a member that is gone. */
  readonly ended: string[];
  readonly holds: NewHold[];
  /** What counts from now on where purchases are watched. */
  readonly movements: Movement[];
  /** Claimed by a member that is not known yet. */
  readonly awaiting: { readonly keeping: Keeping; readonly id: string; readonly memberId: string }[];
}

/**
 * Decides whether kept purchases can be credited now: their member became known, or their receipt is claimed
 * (architecture: the purchase path, 6; requirement L2). Each is credited at most once, to one member.
 */
export function decideKept(items: readonly HeldKept[], book: Book, watch: Watch, occasion: Occasion): DecidedKept {
  const batch = new KeptBatch(book, watch, occasion);
  for (const item of items) batch.outcomes.push(batch.decide(item));
  return batch;
}

class KeptBatch implements DecidedKept {
  readonly outcomes: KeptOutcome[] = [];
  readonly ledger: LedgerBatch;
  readonly credited: CreditedKept[] = [];
  readonly keys: { keeping: Keeping; result: StoredResult }[] = [];
  readonly ended: string[] = [];
  readonly holds: NewHold[] = [];
  readonly movements: Movement[] = [];
  readonly awaiting: { keeping: Keeping; id: string; memberId: string }[] = [];
  private readonly heldNow = new Map<string, StoredResult>();
  private readonly done = new Map<string, StoredResult & { readonly o: 'credited' }>();

  constructor(
    private readonly book: Book,
    private readonly watch: Watch,
    private readonly occasion: Occasion,
  ) {
    this.ledger = new LedgerBatch(occasion.nowMs);
  }

  decide({ keeping, held, kept, ...member }: HeldKept): KeptOutcome {
    if (held.keyed) {
      const isSame = held.keyed.fingerprint.equals(keeping.content.bodyFingerprint);
      if (!isSame) return { outcome: 'refused', reason: 'IDEMPOTENCY_KEY_REUSED' };
      return { outcome: 'answered', result: held.keyed.result, replayed: true };
    }
    if (!kept || (keeping.claimedMinor !== undefined && keeping.claimedMinor !== kept.totalMinor)) {
      return { outcome: 'refused', reason: 'NOT_FOUND' };
    }
    const before =
      this.done.get(receiptKey(keeping.receipt)) ?? (kept.result.o === 'credited' ? kept.result : undefined);
    if (before) {
      if (before.member !== held.memberId) return { outcome: 'refused', reason: 'ALREADY_CREDITED' };
      return { outcome: 'answered', result: before, replayed: true };
    }
    if (namesSomebodyElse(keeping, kept)) return { outcome: 'refused', reason: 'ALREADY_CREDITED' };
    const result = this.creditOrWait(keeping, held, member, kept);
    if (keeping.key !== undefined) this.keys.push({ keeping, result });
    return { outcome: 'answered', result, replayed: false };
  }

  private creditOrWait(keeping: Keeping, held: Held, member: Circumstance, kept: KeptPurchase): StoredResult {
    if (kept.state !== 'pending') return kept.result;
    const heldBefore = this.heldNow.get(kept.id);
    if (heldBefore) return heldBefore;
    if (held.isGone) {
      this.ended.push(kept.id);
      return { o: 'refused', why: PurchaseRefusal.MEMBER_GONE, id: kept.id };
    }
    const { memberId } = held;
    if (memberId === undefined || !held.isKnown) {
      if (memberId !== undefined && keeping.claimedMinor !== undefined) {
        this.awaiting.push({ keeping, id: kept.id, memberId });
      }
      return { o: 'pending', id: kept.id, why: PendingReason.MEMBER_NOT_KNOWN_YET };
    }
    return this.credit(keeping, held, member, kept, memberId);
  }

  private credit(
    keeping: Keeping,
    held: Held,
    member: Circumstance,
    kept: KeptPurchase,
    memberId: string,
  ): StoredResult {
    const { receipt, ground } = keeping;
    const { policy, programme } = ground;
    const { timeZone } = policy;
    const released = kept.result.o === 'pending' ? kept.result.released : undefined;
    const causes = released ? [] : this.causesFor(keeping, kept, memberId);
    if (causes.length > 0) return this.hold(keeping, kept, memberId, causes);
    const earnedOn = this.book.todayAt({ timeZone, dayCutoverMinutes: 0 }, this.occasion.nowMs).calendarDate;
    const account = this.ledger.account(programme.programmeId, memberId, held.account);
    const bought = whatIsLeft(kept);
    try {
      const { id: purchaseId, channel, rungMs } = kept;
      const at = { ...member, released, occasion: this.occasion, channel, rungMs, timeZone: ground.place.timeZone };
      const crediting = { purchaseId, receipt, policy, bought, earnedOn, ...at };
      const { entry, result } = credit(this.ledger, account, held.past, crediting);
      this.credited.push({ keeping, kept, entry, result });
      this.ended.push(kept.id);
      this.done.set(receiptKey(receipt), result);
      return result;
    } catch (error) {
      // Amounts so large that their points are no safe number; nothing was booked yet when this is thrown.
      if (!(error instanceof InvalidAmount)) throw error;
      this.ended.push(kept.id);
      return { o: 'refused', why: PurchaseRefusal.MALFORMED, id: kept.id };
    }
  }

  /** What makes it suspicious, now that it is known whose it is; whoever claims receipts of others is seen here. */
  private causesFor({ ground, receipt }: Keeping, { id, rungMs }: KeptPurchase, memberId: string): HoldCause[] {
    const { programme, policy } = ground;
    if (!policy.holdLimits) return [];
    const { programmeId } = programme;
    const movement = { kind: 'purchase', sourceId: id, programmeId, memberId, tillId: receipt.tillId, rungMs } as const;
    const causes = this.watch.causesFor(policy.holdLimits, movement);
    this.watch.remember(movement);
    this.movements.push(movement);
    return causes;
  }

  private hold(keeping: Keeping, { id }: KeptPurchase, memberId: string, causes: readonly HoldCause[]): StoredResult {
    const { receipt, ground } = keeping;
    const { programmeId } = ground.programme;
    const told = `id:${memberId}`;
    this.holds.push({ purchaseId: id, programmeId, receipt, told, memberId, twinPurchaseId: undefined, causes });
    this.ended.push(id);
    const [{ reason: why } = { reason: HoldReason.UNSPECIFIED }] = causes;
    const result = { o: 'held', id, why } as const;
    this.heldNow.set(id, result);
    return result;
  }
}

/** A purchase that waits for a named member is not anonymous: nobody else can claim it. */
function namesSomebodyElse({ claimedMinor }: Keeping, { result }: KeptPurchase): boolean {
  return claimedMinor !== undefined && result.o === 'pending' && result.why !== PendingReason.ANONYMOUS;
}

/** The purchase less what was given back before anybody was credited; payments shrink in proportion. */
function whatIsLeft({ totalMinor, lines, payments, refunded }: KeptPurchase): Bought {
  const left = lines.map(([sku, , category, quantity, amount], index) => ({
    sku,
    category,
    quantityMilli: quantity - (refunded[index]?.quantityMilli ?? 0),
    amountMinor: amount - (refunded[index]?.amountMinor ?? 0),
  }));
  const leftMinor = left.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  const paid = leftMinor === totalMinor ? payments.map(([, amount]) => amount) : shareOut(leftMinor, payments);
  return {
    totalMinor: leftMinor,
    lines: left,
    payments: payments.map(([type], index) => ({ type, amountMinor: paid[index] ?? 0 })),
  };
}

function shareOut(leftMinor: number, payments: KeptPurchase['payments']): number[] {
  return prorate(
    leftMinor,
    payments.map(([, amount]) => amount),
  );
}
