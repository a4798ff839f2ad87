import { prorate, share } from '@regulars/amounts';
import type { Policy } from '../programmes/policy.js';
import type { Standing } from '../tiers/ladder.js';

/** One step of the reckoning, as it is stored: code, points after it in ten-thousandths, numbers used by name. */
export type Step = readonly [code: StepCode, pointsE4: number, numbers: Readonly<Record<string, number>>];

export type StepCode =
  | 'counted-amount'
  | 'below-minimum'
  | 'base-accrual'
  | 'tier-multiplier'
  | 'rounding'
  | 'cap-per-day'
  | 'cap-per-month'
  | 'taken-back'
  | 'expired'
  | 'redeemed'
  | 'given-back';

/** What of a purchase the reckoning looks at. */
export interface Bought {
  readonly totalMinor: number;
  readonly lines: readonly { readonly category: string; readonly amountMinor: number }[];
  readonly payments: readonly { readonly type: string; readonly amountMinor: number }[];
}

/** What the member earned before, by net of refunds, in the purchase's business day and calendar month. */
export interface EarnedBefore {
  readonly dayPoints: number;
  readonly monthPoints: number;
}

/** What a purchase earns and why. */
export interface Accrued {
  readonly points: number;
  /** The amount that counts for points and for the tier, minor units. */
  readonly countedMinor: number;
  readonly steps: readonly Step[];
}

/**
 * What a purchase earns (requirement L3): the lines that count, less the share that was paid in ways that do not; points
 * for every so many minor units, times the multiplier of the tier that the member has before it; rounded once; never
 * more than the caps of the business day and the calendar month leave.
 */
export function accrue(policy: Policy, bought: Bought, standing: Standing, before: EarnedBefore): Accrued {
  const countedMinor = countedAmount(policy, bought);
  const steps: Step[] = [['counted-amount', 0, { total_minor: bought.totalMinor, counted_minor: countedMinor }]];
  if (countedMinor < policy.minimumMinor) {
    steps.push(['below-minimum', 0, { minimum_minor: policy.minimumMinor }]);
    return { points: 0, countedMinor, steps };
  }
  const { points, perMinor, rounding } = policy;
  const percent = standing.tier.multiplierPercent;
  const plainE4 = share(countedMinor, { of: points * 10_000, per: perMinor }, 'down');
  const multipliedE4 = share(countedMinor, { of: points * percent * 100, per: perMinor }, 'down');
  const whole = share(countedMinor, { of: points * percent, per: perMinor * 100 }, rounding);
  steps.push(['base-accrual', plainE4, { points, per_minor: perMinor }]);
  if (percent !== 100) steps.push(['tier-multiplier', multipliedE4, { percent }]);
  if (whole * 10_000 !== multipliedE4) steps.push(['rounding', whole * 10_000, { points: whole }]);
  return { points: capped(policy, whole, before, steps), countedMinor, steps };
}

/** The amount that counts: lines of excluded categories and the share of excluded payments are left out. */
export function countedAmount(policy: Policy, { totalMinor, lines, payments }: Bought): number {
  let counted = totalMinor;
  if (policy.excludedCategories.size > 0) {
    for (const line of lines) if (policy.excludedCategories.has(line.category)) counted -= line.amountMinor;
  }
  if (policy.excludedPaymentTypes.size === 0 || counted === 0) return counted;
  let excluded = 0;
  for (const payment of payments) if (policy.excludedPaymentTypes.has(payment.type)) excluded += payment.amountMinor;
  if (excluded === 0) return counted;
  const [paidOtherwise = 0] = prorate(counted, [totalMinor - excluded, excluded]);
  return paidOtherwise;
}

function capped(policy: Policy, whole: number, { dayPoints, monthPoints }: EarnedBefore, steps: Step[]): number {
  let points = whole;
  if (policy.capPerDay > 0 && points > policy.capPerDay - dayPoints) {
    points = Math.max(0, policy.capPerDay - dayPoints);
    steps.push(['cap-per-day', points * 10_000, { cap: policy.capPerDay, earned_before: dayPoints }]);
  }
  if (policy.capPerMonth > 0 && points > policy.capPerMonth - monthPoints) {
    points = Math.max(0, policy.capPerMonth - monthPoints);
    steps.push(['cap-per-month', points * 10_000, { cap: policy.capPerMonth, earned_before: monthPoints }]);
  }
  return points;
}
