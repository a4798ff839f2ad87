import { daysBefore, type Today } from '../programmes/calendar.js';

/**
 * Whether a business date can be taken (requirements L1, L2). A till may call the day after midnight by its new date
 * before the store's cut-over, so "future" is told by the calendar and "old" by the trading day.
 */
export function dateRefusal(
  businessDate: string,
  today: Pick<Today, 'calendarDate' | 'businessDate'>,
  acceptDaysBack: number,
): 'in-future' | 'too-old' | undefined {
  if (businessDate > today.calendarDate) return 'in-future';
  if (businessDate < daysBefore(today.businessDate, acceptDaysBack)) return 'too-old';
  return undefined;
}

/** A till that stamps a stored purchase anew does so within hours; tomorrow's receipt of the same number is no twin. */
const RESTAMPED_WITHIN_MS = 12 * 60 * 60 * 1_000;

/** Whether two postings of the same store, till, number and content on neighbouring dates look like one that was restamped. */
export function mayBeRestamped(oneRungMs: number, otherRungMs: number): boolean {
  return Math.abs(oneRungMs - otherRungMs) <= RESTAMPED_WITHIN_MS;
}
