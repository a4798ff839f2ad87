import { prorate, share } from '@regulars/amounts';
import type { Policy } from '../programmes/policy.js';
import { allows, isWithin, type Rule } from '../programmes/rules.js';
import type { Bought, BoughtLine, Circumstances, Step } from './accrual.js';
import { compare, type Exact, inE4, plus, rounded } from './exact.js';

/** What a rule would give for a purchase. */
interface Offer {
  readonly rule: Rule;
  readonly exact: Exact;
  readonly lines: readonly number[];
  readonly coveredMinor: number;
}

/** What of a purchase counts, as the base accrual found it. */
export interface Counted {
  /** After excluded lines and payments, minor units. */
  readonly countedMinor: number;
  /** Places of the lines that count. */
  readonly lines: readonly number[];
  /** Their sum before excluded payments, minor units. */
  readonly linesMinor: number;
}

/** What rules add to the points of a purchase. */
export interface Bonus {
  /** Points after base, tier and rules, rounded once. */
  readonly points: number;
  /** What every line stands for, in ten-thousandths of points; undefined where the amounts that count tell it. */
  readonly weights: readonly number[] | undefined;
  /** Whether the birthday right of the year was used. */
  readonly usedBirthday: boolean;
}

/**
 * Points of a purchase with the rules that hold for it (requirement L3). Fractions of base, tier and rules are added
 * exactly and rounded once, so that doubling doubles. Rules that add all count; of the best-of ones the one that gives
 * most; while an exclusive one holds, no other does.
 *
 * @param multiplied points by base accrual and tier
 * @param steps gets a step for every rule that holds, also for those that are left out, with the one that left them out
 */
export function withRules(
  policy: Policy,
  rules: readonly Rule[],
  bought: Bought,
  counted: Counted,
  multiplied: Exact,
  circumstances: Circumstances,
  steps: Step[],
): Bonus {
  const offers = offersOf(policy, rules, bought, counted, circumstances);
  const { chosen, leftOut } = stacked(offers);
  let total = multiplied;
  for (const offer of chosen) {
    total = plus(total, offer.exact);
    steps.push(['rule', inE4(total), numbersOf(offer)]);
  }
  for (const { offer, by } of leftOut) {
    steps.push([
      'rule-left-out',
      inE4(total),
      { rule: offer.rule.number, by: by.rule.number, gives_e4: inE4(offer.exact) },
    ]);
  }
  return {
    points: rounded(total, policy.rounding),
    weights: chosen.some((offer) => offer.lines.length < counted.lines.length || isPerUnit(offer.rule))
      ? weightsOf(bought.lines, counted, multiplied, chosen)
      : undefined,
    usedBirthday: chosen.some(({ rule }) => rule.onBirthday),
  };
}

function offersOf(
  policy: Policy,
  rules: readonly Rule[],
  { lines }: Bought,
  counted: Counted,
  { tier, minuteOfDay, isBirthday, isFirstOfDay }: Circumstances,
): Offer[] {
  const offers: Offer[] = [];
  for (const rule of rules) {
    if (rule.onBirthday && !isBirthday) continue;
    if (rule.gives.$case === 'pointsPerVisit' && !isFirstOfDay) continue;
    if (!allows(rule.tiers, tier) || !isWithin(rule.times, minuteOfDay)) continue;
    const covered = coveredBy(rule, lines, counted.lines);
    if (covered.length === 0) continue;
    const coveredMinor = minorOf(covered, lines, counted);
    if (coveredMinor < rule.leastMinor) continue;
    const exact = capped(given(policy, rule, covered, lines, coveredMinor), rule.mostPoints);
    if (exact.of > 0n) offers.push({ rule, exact, lines: covered, coveredMinor });
  }
  return offers;
}

function coveredBy({ categories, skus }: Rule, lines: readonly BoughtLine[], counted: readonly number[]) {
  if (categories.size === 0 && skus.size === 0) return counted;
  return counted.filter((place) => {
    const line = lines[place] as BoughtLine;
    return categories.has(line.category) || skus.has(line.sku);
  });
}

/** Covered lines less their share of what was paid in ways that do not count. */
function minorOf(
  covered: readonly number[],
  lines: readonly BoughtLine[],
  { countedMinor, linesMinor }: Counted,
): number {
  const minor = covered.reduce((sum, place) => sum + (lines[place] as BoughtLine).amountMinor, 0);
  if (countedMinor === linesMinor || linesMinor === 0) return minor;
  return share(minor, { of: countedMinor, per: linesMinor }, 'down');
}

function given(
  { points, perMinor }: Policy,
  { gives }: Rule,
  covered: readonly number[],
  lines: readonly BoughtLine[],
  coveredMinor: number,
): Exact {
  switch (gives.$case) {
    case 'multiplierPercent':
      return { of: BigInt(coveredMinor) * BigInt(points) * BigInt(gives.value - 100), per: BigInt(perMinor) * 100n };
    case 'perAmount':
      return { of: BigInt(coveredMinor) * BigInt(gives.value.points), per: BigInt(gives.value.perMinor) };
    case 'pointsPerVisit':
      return { of: BigInt(gives.value), per: 1n };
    case 'pointsPerUnit': {
      const milli = covered.reduce((sum, place) => sum + (lines[place] as BoughtLine).quantityMilli, 0);
      return { of: BigInt(milli) * BigInt(gives.value), per: 1_000n };
    }
  }
}

function capped(exact: Exact, mostPoints: number): Exact {
  const most = BigInt(mostPoints);
  return most > 0n && exact.of > most * exact.per ? { of: most, per: 1n } : exact;
}

function stacked(offers: readonly Offer[]): { chosen: Offer[]; leftOut: { offer: Offer; by: Offer }[] } {
  const exclusive = firstBy(ofKind(offers, 'exclusive'), byPriority);
  if (exclusive) {
    const others = offers.filter((offer) => offer !== exclusive);
    return { chosen: [exclusive], leftOut: others.map((offer) => ({ offer, by: exclusive })) };
  }
  const candidates = ofKind(offers, 'best-of');
  const best = firstBy(candidates, (one, other) => compare(other.exact, one.exact) || byPriority(one, other));
  const chosen = offers.filter((offer) => offer.rule.stacking === 'add' || offer === best);
  const worse = candidates.filter((offer) => offer !== best);
  return { chosen, leftOut: best ? worse.map((offer) => ({ offer, by: best })) : [] };
}

function ofKind(offers: readonly Offer[], stacking: Rule['stacking']): Offer[] {
  return offers.filter(({ rule }) => rule.stacking === stacking);
}

function firstBy(offers: readonly Offer[], order: (one: Offer, other: Offer) => number): Offer | undefined {
  return [...offers].sort(order)[0];
}

function byPriority({ rule: one }: Offer, { rule: other }: Offer): number {
  return other.priority - one.priority || one.number - other.number;
}

function numbersOf({ rule, exact, lines, coveredMinor }: Offer): Record<string, number> {
  const told = { rule: rule.number, lines: lines.length, covered_minor: coveredMinor, gives_e4: inE4(exact) };
  switch (rule.gives.$case) {
    case 'multiplierPercent':
      return { ...told, percent: rule.gives.value };
    case 'perAmount':
      return { ...told, points: rule.gives.value.points, per_minor: rule.gives.value.perMinor };
    case 'pointsPerVisit':
    case 'pointsPerUnit':
      return { ...told, points: rule.gives.value };
  }
}

/** Base and tier lie on the lines that count, a rule on those that it covers, by amount or, per unit, by quantity. */
function weightsOf(
  lines: readonly BoughtLine[],
  counted: Counted,
  multiplied: Exact,
  chosen: readonly Offer[],
): number[] {
  const weights = lines.map(() => 0);
  lay(weights, lines, counted.lines, multiplied, false);
  for (const { rule, exact, lines: covered } of chosen) lay(weights, lines, covered, exact, isPerUnit(rule));
  return weights;
}

function lay(
  weights: number[],
  lines: readonly BoughtLine[],
  on: readonly number[],
  exact: Exact,
  byQuantity: boolean,
) {
  const amounts = on.map((place) => (lines[place] as BoughtLine).amountMinor);
  const quantities = on.map((place) => (lines[place] as BoughtLine).quantityMilli);
  const hasAmounts = amounts.some((amount) => amount > 0);
  const parts = prorate(inE4(exact), byQuantity || !hasAmounts ? quantities : amounts);
  on.forEach((place, index) => {
    weights[place] = (weights[place] ?? 0) + (parts[index] ?? 0);
  });
}

function isPerUnit({ gives }: Rule): boolean {
  return gives.$case === 'pointsPerUnit';
}
