import { Temporal } from 'temporal-polyfill';
import { daysAfter } from '../programmes/calendar.js';
import { type Missing, missingNumbers } from './gaps.js';

/** Sums of a till's purchases on a business date. */
export interface PostedSums {
  readonly tillId: string;
  readonly posted: number;
  readonly postedMinor: number;
  readonly credited: number;
  readonly creditedMinor: number;
  readonly pending: number;
  readonly held: number;
  readonly pointsTold: number;
  readonly pointsBooked: number;
  readonly postedSinceReport: number;
}

/** Sums of its refunds. */
export interface RefundSums {
  readonly tillId: string;
  readonly refunds: number;
  readonly pointsTakenBack: number;
}

/** Its receipts that came again with another body. */
export interface ConflictSums {
  readonly tillId: string;
  readonly openConflicts: number;
  readonly settledConflicts: number;
}

/** What a store's tills did on a business date, as read at one moment. */
export interface Findings {
  readonly posted: readonly PostedSums[];
  readonly refunds: readonly RefundSums[];
  readonly conflicts: readonly ConflictSums[];
  readonly numbers: readonly { readonly tillId: string; readonly receiptNumber: string }[];
}

/** What a till did on a business date (requirement L17). */
export type TillDay = PostedSums & RefundSums & ConflictSums & Missing;

/** The days of all tills that posted anything, by id. */
export function tillDays({ posted, refunds, conflicts, numbers }: Findings): TillDay[] {
  const written = new Map<string, string[]>();
  for (const { tillId, receiptNumber } of numbers) {
    const mine = written.get(tillId);
    if (mine) mine.push(receiptNumber);
    else written.set(tillId, [receiptNumber]);
  }
  const tills = new Set([...posted, ...refunds, ...conflicts].map(({ tillId }) => tillId));
  return [...tills].sort().map((tillId) => ({
    ...nothing,
    ...posted.find((each) => each.tillId === tillId),
    ...refunds.find((each) => each.tillId === tillId),
    ...conflicts.find((each) => each.tillId === tillId),
    ...missingNumbers(written.get(tillId) ?? []),
    tillId,
  }));
}

const nothing = {
  posted: 0,
  postedMinor: 0,
  credited: 0,
  creditedMinor: 0,
  pending: 0,
  held: 0,
  pointsTold: 0,
  pointsBooked: 0,
  postedSinceReport: 0,
  refunds: 0,
  pointsTakenBack: 0,
  openConflicts: 0,
  settledConflicts: 0,
};

const MORNING_MINUTES = 6 * 60;
const AFTER_CUTOVER_MINUTES = 60;
/** How far back days are reported that nobody planned while the service was down. */
const MOST_DAYS_LATE = 31;

/**
 * When a business date is reported: at six in the morning after it by the clock of the store, and at the earliest an hour
 * after the day has ended. Epoch milliseconds.
 */
export function reportDueMs(businessDate: string, place: { timeZone: string; dayCutoverMinutes: number }): number {
  const minutes = Math.max(MORNING_MINUTES, place.dayCutoverMinutes + AFTER_CUTOVER_MINUTES);
  const next = Temporal.PlainDate.from(businessDate).add({ days: 1 });
  const plainTime = Temporal.PlainTime.from({ hour: Math.floor(minutes / 60), minute: minutes % 60 });
  return next.toZonedDateTime({ timeZone: place.timeZone, plainTime }).epochMilliseconds;
}

/** The business dates that have to be planned up to today, after the last one that was; only today at the beginning. */
export function datesToPlan(lastPlanned: string | undefined, today: string): string[] {
  if (lastPlanned === undefined) return [today];
  const earliest = daysAfter(today, 1 - MOST_DAYS_LATE);
  const dates: string[] = [];
  let date = daysAfter(lastPlanned, 1);
  if (date < earliest) date = earliest;
  for (; date <= today; date = daysAfter(date, 1)) dates.push(date);
  return dates;
}
