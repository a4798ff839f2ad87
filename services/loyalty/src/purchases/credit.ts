import type { Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import { accrue, type Bought } from '../points/accrual.js';
import type { LedgerBatch, NewEntry, Occasion, OpenAccount } from '../points/ledger.js';
import { minuteOfDay } from '../programmes/calendar.js';
import type { Policy } from '../programmes/policy.js';
import { standingOn, tierPeriodBegins } from '../tiers/ladder.js';
import { promotionBy } from '../tiers/promotion.js';
import { type StoredResult, tierOf } from './result.js';

/** What of a member's past the locks showed for one purchase: sums over its business day, month and tier period. */
export interface Past {
  readonly dayPoints: number;
  readonly monthPoints: number;
  readonly spentMinor: number;
}

/** A purchase that is credited. */
export interface Crediting {
  readonly purchaseId: string;
  readonly receipt: Receipt;
  readonly policy: Policy;
  readonly bought: Bought;
  /** The tier that the member keeps although less was spent. */
  readonly keptTier: string | undefined;
  readonly occasion: Occasion;
  readonly channel: string;
  readonly rungMs: number;
  /** Zone of the store, by whose clock rules have their times. */
  readonly timeZone: string;
  /** Date in the programme's zone on which its points begin to age. */
  readonly earnedOn: string;
  /** Why it was held before a person released it; undefined for one that was not. */
  readonly released?: Readonly<Record<string, number>> | undefined;
  /** Whether its business date is the member's birthday. */
  readonly isBirthday: boolean;
}

/** What a credit comes to. */
export interface Credited {
  readonly entry: NewEntry;
  readonly result: StoredResult & { readonly o: 'credited' };
}

/**
 * Books what a purchase earns (requirements L3, L4, L7): by the tier the member has before it, under caps of its
 * business day and month that also count what the batch has booked already. The entry takes the purchase's id.
 *
 * @throws InvalidAmount when the points are no safe number
 */
export function credit(ledger: LedgerBatch, account: OpenAccount, past: Past, crediting: Crediting): Credited {
  const { purchaseId, receipt, policy, bought, channel, rungMs, timeZone, earnedOn } = crediting;
  const { isBirthday, released } = crediting;
  const { storeId, businessDate } = receipt;
  const before = withBatch(past, account, businessDate, policy);
  const minute = policy.rules.length === 0 ? 0 : minuteOfDay(rungMs, timeZone);
  const occurrence = { businessDate, storeId, channel, minuteOfDay: minute, isBirthday };
  const keptTier = policy.tierReview && (account.promotedTo ?? crediting.keptTier);
  const accrued = accrue(policy, bought, standingOn(policy.tiers, before.spentMinor, keptTier), before, occurrence);
  const booking = {
    entryId: purchaseId,
    kind: 'earn',
    sourceId: purchaseId,
    storeId,
    businessDate,
    programmeVersion: policy.version,
    steps: released ? [...accrued.steps, ['released', accrued.points * 10_000, released] as const] : accrued.steps,
  } as const;
  const { points, countedMinor: spentMinor, weights } = accrued;
  const entry = ledger.earn(account, booking, { points, spentMinor, policy, earnedOn });
  const after = standingOn(policy.tiers, before.spentMinor + spentMinor, keptTier);
  const { memberId, programmeId, balance } = account;
  const promoting = { memberId, programmeId, businessDate, ...crediting.occasion };
  const promotion = promotionBy(policy, keptTier, after, promoting);
  if (promotion) ledger.promote(account, promotion);
  const tier = tierOf(after);
  const credited = { o: 'credited', id: purchaseId, member: memberId, points, balance, tier } as const;
  return { entry, result: weights ? { ...credited, weights } : credited };
}

function withBatch(past: Past, account: OpenAccount, businessDate: string, policy: Policy): Past {
  if (account.days.length === 0) return past;
  const month = businessDate.slice(0, 7);
  const begins = tierPeriodBegins(policy, businessDate);
  let { dayPoints, monthPoints, spentMinor } = past;
  for (const day of account.days) {
    if (day.businessDate === businessDate) dayPoints += day.points;
    if (day.businessDate.startsWith(month)) monthPoints += day.points;
    if (day.businessDate > begins) spentMinor += day.spentMinor;
  }
  return { dayPoints, monthPoints, spentMinor };
}
