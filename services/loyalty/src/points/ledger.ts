import type { Policy } from '../programmes/policy.js';
import type { Promotion } from '../tiers/promotion.js';
import type { Step } from './accrual.js';
import { endOfPointsMs, payDebt } from './lots.js';
import type { GivingBack, TakenFromLot } from './spending.js';

/** An account as it stood when its member was locked; all zero for a member without one. */
export interface AccountState {
  readonly balance: number;
  readonly debt: number;
  readonly memberSeq: number;
  readonly postedMs: number;
  readonly nextExpiryMs: number | undefined;
}

export const noAccount: AccountState = { balance: 0, debt: 0, memberSeq: 0, postedMs: 0, nextExpiryMs: undefined };

/** An account while a batch is decided: every item sees what the items before it did. */
export interface OpenAccount {
  readonly memberId: string;
  readonly programmeId: string;
  balance: number;
  debt: number;
  memberSeq: number;
  postedMs: number;
  nextExpiryMs: number | undefined;
  /** The tier that the batch has promoted it to, if it has. */
  promotedTo: string | undefined;
  /** What the batch changed on business days, oldest decision first. */
  readonly days: { readonly businessDate: string; readonly points: number; readonly spentMinor: number }[];
}

/** What a lot loses: points taken from what remains, and points that had ended and are now accounted for by a refund. */
export interface LotChange {
  readonly lotId: string;
  readonly account: OpenAccount;
  readonly taken: number;
  readonly forgiven: number;
  /** What of it counts as spent, signed; left out for none. */
  readonly spent?: number;
}

export type EntryKind =
  | 'earn'
  | 'refund-reversal'
  | 'expire'
  | 'redeem'
  | 'redemption-return'
  | 'adjust'
  | 'opening'
  | 'merge'
  | 'erasure';

/** A movement to be written. */
export interface NewEntry {
  readonly entryId: string;
  readonly account: OpenAccount;
  readonly memberSeq: number;
  readonly kind: EntryKind;
  readonly points: number;
  readonly balanceAfter: number;
  readonly sourceId: string;
  readonly storeId: string | undefined;
  readonly businessDate: string;
  readonly postedMs: number;
  readonly programmeVersion: number;
  readonly steps: readonly Step[];
}

/** A lot to be written. */
export interface NewLot {
  readonly lotId: string;
  readonly account: OpenAccount;
  readonly points: number;
  readonly remaining: number;
  readonly expiresMs: number | undefined;
}

/** What is booked, besides how it changes the account. */
export interface Booking {
  readonly entryId: string;
  readonly kind: EntryKind;
  readonly sourceId: string;
  readonly storeId: string | undefined;
  readonly businessDate: string;
  readonly programmeVersion: number;
  readonly steps: readonly Step[];
}

/** What an earning adds. */
export interface Earning {
  readonly points: number;
  readonly spentMinor: number;
  readonly policy: Policy;
  /** Date in the programme's zone on which the points begin to age. */
  readonly earnedOn: string;
}

/** What a refund takes away. */
export interface TakingBack {
  readonly fromLots: readonly { readonly lotId: string; readonly taken: number; readonly forgiven: number }[];
  readonly owed: number;
  /** Business date of the purchase: its caps and tier period get back what it no longer stands for. */
  readonly boughtOn: string;
  readonly countedMinor: number;
}

/** Moment and new ids for a batch: passed in, so that the same batch is decided the same way. */
export interface Occasion {
  readonly nowMs: number;
  readonly newId: () => string;
}

/** The movements of one batch, in the order in which they were decided (requirement L4). */
export class LedgerBatch {
  readonly entries: NewEntry[] = [];
  readonly lots: NewLot[] = [];
  readonly lotChanges: LotChange[] = [];
  readonly promotions: Promotion[] = [];
  private readonly open = new Map<string, OpenAccount>();

  constructor(private readonly nowMs: number) {}

  /** The account as the batch has left it so far; `held` is how it stood under the lock. */
  account(programmeId: string, memberId: string, held: AccountState): OpenAccount {
    const key = memberId + programmeId;
    let account = this.open.get(key);
    if (!account) {
      const { balance, debt, memberSeq, postedMs, nextExpiryMs } = held;
      account = {
        memberId,
        programmeId,
        balance,
        debt,
        memberSeq,
        postedMs,
        nextExpiryMs,
        promotedTo: undefined,
        days: [],
      };
      this.open.set(key, account);
    }
    return account;
  }

  /** Books points earned: they pay what is owed first, the rest becomes a lot. */
  earn(account: OpenAccount, booking: Booking, earning: Earning): NewEntry {
    const { points, spentMinor, policy, earnedOn } = earning;
    const { intoLot, debt } = payDebt(points, account.debt);
    account.debt = debt;
    account.days.push({ businessDate: booking.businessDate, points, spentMinor });
    if (points > 0) {
      const expiresMs = endOfPointsMs(policy, earnedOn);
      this.lots.push({ lotId: booking.entryId, account, points, remaining: intoLot, expiresMs });
      if (intoLot > 0 && expiresMs !== undefined) {
        account.nextExpiryMs = Math.min(account.nextExpiryMs ?? expiresMs, expiresMs);
      }
    }
    return this.book(account, booking, points);
  }

  /** Books points taken back: out of the lots, and as a debt what the lots no longer have. */
  takeBack(account: OpenAccount, booking: Booking, { fromLots, owed, boughtOn, countedMinor }: TakingBack): NewEntry {
    let taken = 0;
    let stoodFor = owed;
    for (const change of fromLots) {
      taken += change.taken;
      stoodFor += change.taken + change.forgiven;
      this.lotChanges.push({ ...change, account });
    }
    account.debt += owed;
    account.days.push({ businessDate: boughtOn, points: -stoodFor, spentMinor: -countedMinor });
    return this.book(account, booking, -(taken + owed));
  }

  /** Books points spent out of lots (requirement L8). The tier measure and the caps stay as they are. */
  spend(account: OpenAccount, booking: Booking, fromLots: readonly TakenFromLot[]): NewEntry {
    let spent = 0;
    for (const { lotId, points } of fromLots) {
      spent += points;
      this.lotChanges.push({ lotId, account, taken: points, forgiven: 0, spent: points });
    }
    return this.book(account, booking, -spent);
  }

  /** Books points given back into the lots they came from; what has ended there meanwhile counts as ended unused. */
  giveBack(account: OpenAccount, booking: Booking, { intoLots, endedInLots }: GivingBack): NewEntry {
    let given = 0;
    for (const { lotId, points, expiresMs } of intoLots) {
      given += points;
      this.lotChanges.push({ lotId, account, taken: -points, forgiven: 0, spent: -points });
      if (expiresMs !== undefined) account.nextExpiryMs = Math.min(account.nextExpiryMs ?? expiresMs, expiresMs);
    }
    for (const { lotId, points } of endedInLots) {
      this.lotChanges.push({ lotId, account, taken: 0, forgiven: -points, spent: -points });
    }
    return this.book(account, booking, given);
  }

  /** Books points of a lot that ended unused (requirement L5). */
  end(account: OpenAccount, booking: Booking, { lotId, points }: Pick<TakenFromLot, 'lotId' | 'points'>): NewEntry {
    this.lotChanges.push({ lotId, account, taken: points, forgiven: -points });
    return this.book(account, booking, -points);
  }

  /** Notes a promotion that a purchase of the batch has reached. */
  promote(account: OpenAccount, promotion: Promotion): void {
    account.promotedTo = promotion.kept.tier;
    this.promotions.push(promotion);
  }

  /** Books points given without a purchase: they pay what is owed first, the rest becomes a lot; no cap, no tier. */
  grant(
    account: OpenAccount,
    booking: Booking,
    { points, expiresMs }: { readonly points: number; readonly expiresMs: number | undefined },
  ): NewEntry {
    const { intoLot, debt } = payDebt(points, account.debt);
    account.debt = debt;
    this.lots.push({ lotId: booking.entryId, account, points, remaining: intoLot, expiresMs });
    if (intoLot > 0 && expiresMs !== undefined) {
      account.nextExpiryMs = Math.min(account.nextExpiryMs ?? expiresMs, expiresMs);
    }
    return this.book(account, booking, points);
  }

  /**
   * Books a movement. Posting times of a member never run backwards, also when the clocks of replicas differ, so that
   * the order of entries is the order of statements.
   */
  book(account: OpenAccount, booking: Booking, points: number): NewEntry {
    account.balance += points;
    account.memberSeq += 1;
    account.postedMs = Math.max(this.nowMs, account.postedMs);
    const { balance: balanceAfter, memberSeq, postedMs } = account;
    const entry = { ...booking, account, points, balanceAfter, memberSeq, postedMs };
    this.entries.push(entry);
    return entry;
  }

  /** The accounts that were changed. */
  changed(): OpenAccount[] {
    const accounts = new Set<OpenAccount>();
    for (const entry of this.entries) accounts.add(entry.account);
    return [...accounts];
  }
}
