import solarLunar from 'solarlunar';
import { Temporal } from 'temporal-polyfill';

/** Years of the Chinese calendar that its tables cover and that a reckoning by the moon confirms. */
export const lunarYears = { first: 1900, last: 2096 } as const;

/** Days of a month of the Chinese calendar, 29 or 30; of its leap month where it has one that is asked for. */
export function daysOfLunarMonth(year: number, month: number, leap = false): number {
  if (!leap) return solarLunar.monthDays(year, month);
  return solarLunar.leapMonth(year) === month ? solarLunar.leapDays(year) : 0;
}

/**
 * The day of the common calendar on which a day of the Chinese one falls (requirement L10); the last day of a month that
 * has no 30th.
 *
 * @param year within `lunarYears`
 */
export function dayOfLunar(year: number, month: number, day: number): Temporal.PlainDate {
  const found = solarLunar.lunar2solar(year, month, Math.min(day, daysOfLunarMonth(year, month)), false);
  if (found === -1) throw new Error(`The Chinese calendar has no day ${year}-${month}-${day}`);
  return Temporal.PlainDate.from({ year: found.cYear, month: found.cMonth, day: found.cDay });
}
