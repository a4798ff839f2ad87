import { describe, expect, it } from '@jest/globals';
import { Temporal } from 'temporal-polyfill';
import {
  ASKED_DAYS_AHEAD,
  ASKED_DAYS_BACK,
  ASKED_EVERY_DAYS,
  birthdaysAround,
  giftGoodUntil,
  windowOf,
} from './window.js';

const windows = ['day', 'week', 'month'] as const;

describe('The window of a birthday', () => {
  it('[L10] is the day, the week of which it is the middle, or its month, also across the turn of the year', () => {
    expect(windowOf('day', '2026-02-28')).toEqual({ from: '2026-02-28', until: '2026-02-28' });
    expect(windowOf('week', '2027-01-01')).toEqual({ from: '2026-12-29', until: '2027-01-04' });
    expect(windowOf('month', '2028-02-29')).toEqual({ from: '2028-02-01', until: '2028-02-29' });
  });

  it('[L10] is made ready before it opens and as long as it is open, and members is asked about every such day', () => {
    for (let day = 0; day < 800; day += 1) {
      const birthday = Temporal.PlainDate.from('2026-01-01').add({ days: day });
      for (const window of windows) {
        const { from, until } = windowOf(window, birthday.toString());
        for (const today of [Temporal.PlainDate.from(from).subtract({ days: 1 }), Temporal.PlainDate.from(until)]) {
          const ready = birthdaysAround(window, today.toString());
          expect(ready.from <= birthday.toString() && birthday.toString() <= ready.until).toBe(true);
          // Members was asked at latest so many days ago.
          const asked = today.subtract({ days: ASKED_EVERY_DAYS });
          expect(Temporal.PlainDate.from(ready.until).since(asked).days).toBeLessThanOrEqual(ASKED_DAYS_AHEAD);
          expect(today.since(ready.from).days).toBeLessThanOrEqual(ASKED_DAYS_BACK + BACK_BEYOND);
        }
      }
    }
  });

  it('[L10] leaves a week for a gift that is given late, and none for one that would be too late', () => {
    expect(giftGoodUntil('2026-05-31', '2026-05-01')).toBe('2026-05-31');
    expect(giftGoodUntil('2026-05-31', '2026-06-03')).toBe('2026-06-10');
    expect(giftGoodUntil('2026-05-31', '2026-06-08')).toBeUndefined();
  });
});

/** Ready a week longer than the window is open, which nobody needs members for: the right is there by then. */
const BACK_BEYOND = 7;
