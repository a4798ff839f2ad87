import type { Birthday } from '@regulars/contracts/members/v1/members';
import { Temporal } from 'temporal-polyfill';

const oldestYear = 1900;

/**
 * Whether a birthday exists (requirements M2, L10): 29 February does, 30 February does not, and with a year the date
 * must be one of the calendar, not after `today` and not before 1900.
 *
 * @param birthday year 0 when not told
 */
export function isBirthday({ year, month, day }: Birthday, today: Temporal.PlainDate): boolean {
  if (![year, month, day].every(Number.isInteger)) return false;
  try {
    if (year === 0) return Temporal.PlainMonthDay.from({ month, day }, { overflow: 'reject' }).day === day;
    const date = Temporal.PlainDate.from({ year, month, day }, { overflow: 'reject' });
    return year >= oldestYear && Temporal.PlainDate.compare(date, today) <= 0;
  } catch {
    // Temporal has no question for this: it throws a RangeError for a date that does not exist.
    return false;
  }
}

/** `--02-29` or `2000-02-29` (ISO 8601), the form in which a birthday is sealed. */
export function birthdayText({ year, month, day }: Birthday): string {
  const monthDay = `${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
  return year === 0 ? `--${monthDay}` : `${year}-${monthDay}`;
}

/** The birthday that `birthdayText` wrote. */
export function birthdayOf(text: string): Birthday {
  const [, year = '', month = '', day = ''] = /^(-|\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  return { year: year === '-' ? 0 : Number(year), month: Number(month), day: Number(day) };
}

/** The month alone: enough for staff to know a birthday month, not for a proof of identity. */
export function maskedBirthday({ month }: Birthday): Birthday {
  return { year: 0, month, day: 0 };
}
