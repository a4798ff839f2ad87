import { Temporal } from 'temporal-polyfill';
import { isGivenBack, keptLines, keptMinor, type Visit } from './visit.js';

const mostNamed = 10;

/** How often something occurred. */
export interface Tally {
  readonly code: string;
  readonly visits: number;
}

/** Something that is bought again and again. */
export interface Favourite extends Tally {
  readonly name: string;
  readonly quantityMilli: number;
  readonly amountMinor: number;
}

/** What the visits of a member come to (requirement M7). */
export interface Figures {
  readonly visits: number;
  readonly days: number;
  /** Empty without visits. */
  readonly firstOn: string;
  readonly lastOn: string;
  /** From one day with a visit to the next; 0 with fewer than two such days. */
  readonly averageDaysBetween: number;
  readonly last30Days: number;
  readonly last90Days: number;
  readonly last365Days: number;
  readonly spending: { readonly currency: string; readonly totalMinor: number }[];
  readonly meals: Tally[];
  readonly channels: Tally[];
  readonly stores: Tally[];
  readonly dishes: Favourite[];
  readonly categories: Favourite[];
  readonly parties: number;
  readonly averagePartySize: number;
  readonly usualPartySize: number;
}

/**
 * Reckons what visits come to. What was given back whole does not count as a visit; of others, what was given back is
 * taken off. The order of the visits does not matter.
 *
 * @param today YYYY-MM-DD, from which the last days are counted
 */
export function figuresOf(visits: readonly Visit[], today: string): Figures {
  const counted = visits.filter((visit) => !isGivenBack(visit)).sort(byTime);
  const days = [...new Set(counted.map(({ businessDate }) => businessDate))].sort();
  const [firstOn = '', lastOn = ''] = [days[0], days.at(-1)];
  const within = (daysBack: number) =>
    counted.filter(({ businessDate }) => daysBetween(businessDate, today) < daysBack).length;
  const parties = counted.map(({ partySize }) => partySize).filter((size) => size > 0);
  return {
    visits: counted.length,
    days: days.length,
    firstOn,
    lastOn,
    averageDaysBetween: days.length < 2 ? 0 : rounded(daysBetween(firstOn, lastOn) / (days.length - 1)),
    last30Days: within(30),
    last90Days: within(90),
    last365Days: within(365),
    spending: spendingOf(counted),
    meals: tallied(counted.map(mealOf)),
    channels: tallied(counted.map(({ channel }) => channel)),
    stores: tallied(counted.map(({ storeId }) => storeId)).slice(0, mostNamed),
    dishes: favourites(counted, ([sku, name]) => [sku, name]),
    categories: favourites(counted, ([, , category]) => [category, category]),
    parties: parties.length,
    averagePartySize: parties.length === 0 ? 0 : rounded(parties.reduce((sum, size) => sum + size, 0) / parties.length),
    usualPartySize: usual(parties),
  };
}

/** Which meal a visit was for, by the till's clock. */
export function mealOf({ rungAt, offsetMinutes }: Pick<Visit, 'rungAt' | 'offsetMinutes'>): string {
  const minutes = Math.floor(rungAt.getTime() / 60_000) + offsetMinutes;
  const minute = ((minutes % 1_440) + 1_440) % 1_440;
  return begins.findLast(([from]) => minute >= from)?.[1] ?? 'night';
}

const begins: readonly (readonly [minute: number, meal: string])[] = [
  [300, 'breakfast'],
  [630, 'lunch'],
  [840, 'afternoon'],
  [1_020, 'dinner'],
  [1_260, 'night'],
];

function byTime(one: Visit, other: Visit): number {
  return one.rungAt.getTime() - other.rungAt.getTime() || (one.purchaseId < other.purchaseId ? -1 : 1);
}

function spendingOf(visits: readonly Visit[]): { currency: string; totalMinor: number }[] {
  const sums = new Map<string, number>();
  for (const visit of visits) sums.set(visit.currency, (sums.get(visit.currency) ?? 0) + keptMinor(visit));
  return [...sums].sort().map(([currency, totalMinor]) => ({ currency, totalMinor }));
}

function tallied(codes: readonly string[]): Tally[] {
  const counts = new Map<string, number>();
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts].map(([code, visits]) => ({ code, visits })).sort(mostFirst);
}

type NamedBy = (line: readonly [sku: string, name: string, category: string]) => readonly [code: string, name: string];

/** What was bought on most visits; a dish twice on one receipt is one visit. The last visit gives the name. */
function favourites(visits: readonly Visit[], namedBy: NamedBy): Favourite[] {
  const found = new Map<string, { name: string; visits: Set<string>; quantityMilli: number; amountMinor: number }>();
  for (const visit of visits) {
    for (const [sku, printed, category, quantityMilli, amountMinor] of keptLines(visit)) {
      if (quantityMilli <= 0) continue;
      const [code, name] = namedBy([sku, printed, category]);
      const sum = found.get(code) ?? { name, visits: new Set(), quantityMilli: 0, amountMinor: 0 };
      sum.name = name;
      sum.visits.add(visit.purchaseId);
      sum.quantityMilli += quantityMilli;
      sum.amountMinor += amountMinor;
      found.set(code, sum);
    }
  }
  const all = [...found].map(([code, sum]) => ({ code, ...sum, visits: sum.visits.size }));
  return all.sort(mostFirst).slice(0, mostNamed);
}

function mostFirst(one: Tally & { quantityMilli?: number }, other: Tally & { quantityMilli?: number }): number {
  const byQuantity = (other.quantityMilli ?? 0) - (one.quantityMilli ?? 0);
  return other.visits - one.visits || byQuantity || (one.code < other.code ? -1 : 1);
}

function usual(sizes: readonly number[]): number {
  const tally = tallied(sizes.map(String));
  const most = tally[0]?.visits ?? 0;
  return Math.max(0, ...tally.filter(({ visits }) => visits === most).map(({ code }) => Number(code)));
}

function daysBetween(from: string, to: string): number {
  return Temporal.PlainDate.from(from).until(Temporal.PlainDate.from(to)).days;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
