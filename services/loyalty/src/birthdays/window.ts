import { daysAfter, daysBefore, firstOfMonth, lastOfMonth } from '../programmes/calendar.js';

/** How long a birthday gift is good. */
export type WindowWord = 'day' | 'week' | 'month';

/** Days from one to the other, both included, YYYY-MM-DD. */
export interface Stretch {
  readonly from: string;
  readonly until: string;
}

/**
 * The window of a birthday (requirement L10): the day itself, the seven days of which it is the middle, or its calendar
 * month.
 */
export function windowOf(window: WindowWord, birthdayOn: string): Stretch {
  switch (window) {
    case 'day':
      return { from: birthdayOn, until: birthdayOn };
    case 'week':
      return { from: daysBefore(birthdayOn, 3), until: daysAfter(birthdayOn, 3) };
    case 'month':
      return { from: firstOfMonth(birthdayOn), until: lastOfMonth(birthdayOn) };
  }
}

/** Days around today in which rights are made ready: ahead for stores farther east, back for an outage. */
const AHEAD_DAYS = 2;
const BACK_DAYS = 7;

/** Birthdays whose window is open about today, so that their rights have to be there. */
export function birthdaysAround(window: WindowWord, today: string): Stretch {
  const [from, until] = [daysBefore(today, BACK_DAYS), daysAfter(today, AHEAD_DAYS)];
  return { from: windowOf(window, from).from, until: windowOf(window, until).until };
}

/**
 * The last day of a gift that is given today; undefined when the window closed too long ago. Who gets it late, because
 * nothing ran for a while, has a week for it.
 */
export function giftGoodUntil(windowUntil: string, today: string): string | undefined {
  if (today <= windowUntil) return windowUntil;
  return daysBefore(today, BACK_DAYS) <= windowUntil ? daysAfter(today, BACK_DAYS) : undefined;
}

/** How far back and ahead of today members is asked for birthdays, and how often; the windows always lie within. */
export const ASKED_DAYS_BACK = 35;
export const ASKED_DAYS_AHEAD = 70;
export const ASKED_EVERY_DAYS = 28;

/** Rights of two different years lie at least so many days apart, so that nobody has two by changing calendars. */
export const LEAST_DAYS_APART = 180;
