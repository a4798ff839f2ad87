import { prorate, share } from '@regulars/amounts';
import type { Policy } from '../programmes/policy.js';
import { rulesInPlay } from '../programmes/rules.js';
import type { Standing } from '../tiers/ladder.js';
import { type Bonus, type Counted, withRules } from './bonus.js';

/** One step of the reckoning, as it is stored: code, points after it in ten-thousandths, numbers used by name. */
export type Step = readonly [code: StepCode, pointsE4: number, numbers: Readonly<Record<string, number>>];

export type StepCode =
  | 'counted-amount'
  | 'below-minimum'
  | 'base-accrual'
  | 'tier-multiplier'
  | 'rule'
  | 'rule-left-out'
  | 'rounding'
  | 'cap-per-day'
  | 'cap-per-month'
  | 'released'
  | 'taken-back'
  | 'expired'
  | 'redeemed'
  | 'given-back'
  | 'adjusted'
  | 'merged'
  | 'brought-in';

/** A line of a purchase as the reckoning sees it. */
export interface BoughtLine {
  readonly sku: string;
  readonly category: string;
  readonly quantityMilli: number;
  readonly amountMinor: number;
}

/** What of a purchase the reckoning looks at. */
export interface Bought {
  readonly totalMinor: number;
  readonly lines: readonly BoughtLine[];
  readonly payments: readonly { readonly type: string; readonly amountMinor: number }[];
}

/** What the member earned before, by net of refunds, in the purchase's business day and calendar month. */
export interface EarnedBefore {
  readonly dayPoints: number;
  readonly monthPoints: number;
}

/** Where and when a purchase was made, as rules ask for it. */
export interface Occurrence {
  readonly businessDate: string;
  readonly storeId: string;
  readonly channel: string;
  /** By the clock on the store's wall. */
  readonly minuteOfDay: number;
  /** Whether the member's birthday window is open and its right unused. */
  readonly isBirthday: boolean;
}

/** What rules ask for, with what the member's past adds to it. */
export type Circumstances = Pick<Occurrence, 'minuteOfDay' | 'isBirthday'> & {
  readonly tier: string;
  /** Nothing was earned yet on this business day. */
  readonly isFirstOfDay: boolean;
};

/** What a purchase earns and why. */
export interface Accrued {
  readonly points: number;
  /** The amount that counts for points and for the tier, minor units. */
  readonly countedMinor: number;
  readonly steps: readonly Step[];
  /** What every line stands for, in ten-thousandths of points; undefined where the amounts that count tell it. */
  readonly weights: readonly number[] | undefined;
  /** Whether the birthday right of the year was used. */
  readonly usedBirthday: boolean;
}

/**
 * What a purchase earns (requirement L3): the lines that count, less the share that was paid in ways that do not; points
 * for every so many minor units, times the multiplier of the tier that the member has before it; what rules add; rounded
 * once; never more than the caps of the business day and the calendar month leave.
 */
export function accrue(
  policy: Policy,
  bought: Bought,
  standing: Standing,
  before: EarnedBefore,
  occurrence: Occurrence,
): Accrued {
  const countedMinor = countedAmount(policy, bought);
  const steps: Step[] = [['counted-amount', 0, { total_minor: bought.totalMinor, counted_minor: countedMinor }]];
  if (countedMinor < policy.minimumMinor) {
    steps.push(['below-minimum', 0, { minimum_minor: policy.minimumMinor }]);
    return { points: 0, countedMinor, steps, weights: undefined, usedBirthday: false };
  }
  const { points, perMinor } = policy;
  const percent = standing.tier.multiplierPercent;
  const plainE4 = share(countedMinor, { of: points * 10_000, per: perMinor }, 'down');
  const multipliedE4 = share(countedMinor, { of: points * percent * 100, per: perMinor }, 'down');
  steps.push(['base-accrual', plainE4, { points, per_minor: perMinor }]);
  if (percent !== 100) steps.push(['tier-multiplier', multipliedE4, { percent }]);
  const bonus = withBonus(policy, bought, countedMinor, standing, before, occurrence, steps);
  const { points: whole, weights, usedBirthday } = bonus;
  if (whole * 10_000 !== steps.at(-1)?.[1]) steps.push(['rounding', whole * 10_000, { points: whole }]);
  return { points: capped(policy, whole, before, steps), countedMinor, steps, weights, usedBirthday };
}

function withBonus(
  policy: Policy,
  bought: Bought,
  countedMinor: number,
  { tier: { code: tier, multiplierPercent: percent } }: Standing,
  { dayPoints }: EarnedBefore,
  occurrence: Occurrence,
  steps: Step[],
): Bonus {
  const { points, perMinor, rounding } = policy;
  const rules = rulesInPlay(policy.rules, occurrence);
  if (rules.length === 0) {
    const whole = share(countedMinor, { of: points * percent, per: perMinor * 100 }, rounding);
    return { points: whole, weights: undefined, usedBirthday: false };
  }
  const multiplied = { of: BigInt(countedMinor) * BigInt(points) * BigInt(percent), per: BigInt(perMinor) * 100n };
  const { minuteOfDay, isBirthday } = occurrence;
  const circumstances = { tier, minuteOfDay, isBirthday, isFirstOfDay: dayPoints === 0 };
  return withRules(policy, rules, bought, countedLines(policy, bought, countedMinor), multiplied, circumstances, steps);
}

/** The amount that counts: lines of excluded categories and the share of excluded payments are left out. */
export function countedAmount(policy: Policy, { totalMinor, lines, payments }: Bought): number {
  let counted = totalMinor;
  if (policy.excludedCategories.size > 0 || policy.excludedSkus.size > 0) {
    for (const line of lines) if (!lineCounts(policy, line)) counted -= line.amountMinor;
  }
  if (policy.excludedPaymentTypes.size === 0 || counted === 0) return counted;
  let excluded = 0;
  for (const payment of payments) if (policy.excludedPaymentTypes.has(payment.type)) excluded += payment.amountMinor;
  if (excluded === 0) return counted;
  const [paidOtherwise = 0] = prorate(counted, [totalMinor - excluded, excluded]);
  return paidOtherwise;
}

/** Whether a line counts for points and tier at all. */
export function lineCounts(
  { excludedCategories, excludedSkus }: Policy,
  { category, sku }: Pick<BoughtLine, 'category' | 'sku'>,
): boolean {
  return !excludedCategories.has(category) && !excludedSkus.has(sku);
}

function countedLines(policy: Policy, { lines }: Bought, countedMinor: number): Counted {
  const places = [...lines.keys()].filter((place) => lineCounts(policy, lines[place] as BoughtLine));
  const linesMinor = places.reduce((sum, place) => sum + (lines[place] as BoughtLine).amountMinor, 0);
  return { countedMinor, lines: places, linesMinor };
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
