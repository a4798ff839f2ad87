import type { ImaginedPurchase } from '@regulars/contracts/loyalty/v1/simulations';
import { type Accrued, accrue, type Bought } from '../points/accrual.js';
import { endOfPointsMs } from '../points/lots.js';
import { isDate, isTime, minuteOf } from '../programmes/calendar.js';
import { Checks, type Fault, isUuid } from '../programmes/checks.js';
import type { Policy } from '../programmes/policy.js';
import { type Standing, standingOn } from '../tiers/ladder.js';

/** What a purchase would come to. */
export interface Simulated {
  readonly accrued: Accrued;
  readonly standing: Standing;
  /** Epoch milliseconds; undefined for never. */
  readonly expiresMs: number | undefined;
}

/** Everything that is wrong with an imagined purchase. */
export function faultsOfImagined(purchase: ImaginedPurchase | undefined, policy: Policy): Fault[] {
  if (!purchase) return [{ pointer: '/purchase', message: 'is missing' }];
  const checks = new Checks();
  const { businessDate, time, storeId, lines, payments, tier } = purchase;
  checks.that('/purchase/businessDate', isDate(businessDate), 'is no date, YYYY-MM-DD');
  checks.that('/purchase/time', time === '' || isTime(time), 'is no time, HH:MM');
  checks.that('/purchase/storeId', storeId === '' || isUuid(storeId), 'is no UUID');
  checks.that('/purchase/lines', lines.length >= 1 && lines.length <= 500, 'expected 1 to 500 lines');
  lines.forEach(({ amountMinor, quantityMilli }, index) => {
    checks.range(`/purchase/lines/${index}/amountMinor`, amountMinor, 0, Number.MAX_SAFE_INTEGER);
    checks.range(`/purchase/lines/${index}/quantityMilli`, quantityMilli, 1, Number.MAX_SAFE_INTEGER);
  });
  const adds = payments.length === 0 || sum(payments) === sum(lines);
  checks.that('/purchase/payments', adds, 'do not add up to the lines');
  const isKnown = tier === '' || policy.tiers.some(({ code }) => code === tier);
  checks.that('/purchase/tier', isKnown, 'stands not in the ladder');
  return checks.faults;
}

/** What an imagined purchase without faults would earn by a policy (requirement L3), by the rules that book real ones. */
export function simulate(policy: Policy, purchase: ImaginedPurchase): Simulated {
  const { businessDate, time, storeId, channel, lines, payments, spentMinor, tier } = purchase;
  const ladder = standingOn(policy.tiers, spentMinor);
  const named = policy.tiers.find(({ code }) => code === tier);
  const standing = named ? { ...ladder, tier: named } : ladder;
  const before = { dayPoints: purchase.earnedThatDay, monthPoints: purchase.earnedThatMonth };
  const occurrence = {
    businessDate,
    storeId,
    channel,
    minuteOfDay: minuteOf(time || '12:00'),
    isBirthday: purchase.onBirthday,
  };
  const totalMinor = sum(lines);
  const bought: Bought = { totalMinor, lines, payments };
  const accrued = accrue(policy, bought, standing, before, occurrence);
  return { accrued, standing, expiresMs: endOfPointsMs(policy, businessDate) };
}

function sum(parts: readonly { readonly amountMinor: number }[]): number {
  return parts.reduce((total, { amountMinor }) => total + amountMinor, 0);
}
