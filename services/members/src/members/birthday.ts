import type { Birthday } from '@regulars/contracts/members/v1/members';
import { Temporal } from 'temporal-polyfill';
import { dayOfLunar, daysOfLunarMonth, lunarYears } from './lunar.js';

const oldestYear = 1900;

/**
 * Whether a birthday exists (requirements M2, L10): 29 February does, 30 February does not, and with a year the date
 * must be one of its calendar, not after `today` and not before 1900.
 *
 * @param birthday year 0 when not told
 */
export function isBirthday({ year, month, day, lunar }: Birthday, today: Temporal.PlainDate): boolean {
  if (![year, month, day].every(Number.isInteger)) return false;
  if (lunar) return isLunarBirthday(year, month, day, today);
  try {
    if (year === 0) return Temporal.PlainMonthDay.from({ month, day }, { overflow: 'reject' }).day === day;
    const date = Temporal.PlainDate.from({ year, month, day }, { overflow: 'reject' });
    return year >= oldestYear && Temporal.PlainDate.compare(date, today) <= 0;
  } catch {
    // Temporal has no question for this: it throws a RangeError for a date that does not exist.
    return false;
  }
}

function isLunarBirthday(year: number, month: number, day: number, today: Temporal.PlainDate): boolean {
  if (month < 1 || month > 12 || day < 1 || day > 30) return false;
  if (year === 0) return true;
  if (year < lunarYears.first || year > today.year) return false;
  const days = Math.max(daysOfLunarMonth(year, month), daysOfLunarMonth(year, month, true));
  return day <= days && Temporal.PlainDate.compare(dayOfLunar(year, month, day), today) <= 0;
}

/** A birthday as it is kept in one year. */
export interface KeptBirthday {
  readonly date: Temporal.PlainDate;
  /** The year of its own calendar. */
  readonly year: number;
}

/**
 * The birthday that falls into a stretch of days shorter than a year (requirement L10). 29 February is kept on the 28th
 * of other years, the 30th of a lunar month on its last day; no leap month has a birthday of its own.
 */
export function birthdayBetween(
  { month, day, lunar }: Birthday,
  from: Temporal.PlainDate,
  until: Temporal.PlainDate,
): KeptBirthday | undefined {
  // The Chinese year begins up to two months after the common one, so its last birthdays fall into the next.
  for (let year = from.year - (lunar ? 1 : 0); year <= until.year; year += 1) {
    const date = lunar ? dayOfLunar(year, month, day) : Temporal.PlainDate.from({ year, month, day });
    if (Temporal.PlainDate.compare(from, date) <= 0 && Temporal.PlainDate.compare(date, until) <= 0) {
      return { date, year };
    }
  }
  return undefined;
}

/** `--02-29`, `2000-02-29` (ISO 8601) or, by the Chinese calendar, `lunar --08-15`: the form in which it is sealed. */
export function birthdayText({ year, month, day, lunar }: Birthday): string {
  const monthDay = `${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
  return `${lunar ? 'lunar ' : ''}${year === 0 ? `--${monthDay}` : `${year}-${monthDay}`}`;
}

/** The birthday that `birthdayText` wrote. */
export function birthdayOf(text: string): Birthday {
  const [, lunar, year = '', month = '', day = ''] = /^(lunar )?(-|\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  return { year: year === '-' ? 0 : Number(year), month: Number(month), day: Number(day), lunar: lunar !== undefined };
}

/** The month alone: enough for staff to know a birthday month, not for a proof of identity. */
export function maskedBirthday({ month, lunar }: Birthday): Birthday {
  return { year: 0, month, day: 0, lunar };
}
