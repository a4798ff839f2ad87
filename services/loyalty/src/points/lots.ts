import { Temporal } from 'temporal-polyfill';
import { endOfDayMs, lastOfMonth } from '../programmes/calendar.js';
import type { Policy } from '../programmes/policy.js';

const remembered = new Map<string, number | undefined>();

/**
 * When points earned on a day end (requirement L5): the first moment at which they no longer count, epoch milliseconds;
 * undefined for never.
 *
 * @param earnedOn date in the programme's zone, YYYY-MM-DD
 */
export function endOfPointsMs(policy: Policy, earnedOn: string): number | undefined {
  const { expiry, timeZone } = policy;
  if (!expiry) return undefined;
  const key = `${expiry.$case} ${expiry.value} ${timeZone} ${earnedOn}`;
  if (remembered.has(key)) return remembered.get(key);
  if (remembered.size > 10_000) remembered.clear();
  const end = endOfDayMs(lastDay(expiry, earnedOn), timeZone);
  remembered.set(key, end);
  return end;
}

function lastDay(expiry: NonNullable<Policy['expiry']>, earnedOn: string): string {
  const earned = Temporal.PlainDate.from(earnedOn);
  switch (expiry.$case) {
    case 'rollingMonths':
      return earned.add({ months: expiry.value }).toString();
    case 'yearEndGraceMonths':
      return lastOfMonth(monthsAfterDecember(earned.year, expiry.value));
    case 'fixedDate':
      return expiry.value;
  }
}

function monthsAfterDecember(year: number, months: number): string {
  return Temporal.PlainDate.from({ year, month: 12, day: 1 }).add({ months }).toString();
}

/** Part of what is newly earned pays what the member owes; the rest goes into the lot. */
export function payDebt(points: number, debt: number): { intoLot: number; debt: number } {
  const paid = Math.min(points, debt);
  return { intoLot: points - paid, debt: debt - paid };
}
