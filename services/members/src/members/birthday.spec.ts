import { describe, expect, it } from '@jest/globals';
import { Temporal } from 'temporal-polyfill';
import { birthdayBetween, birthdayOf, birthdayText, isBirthday, maskedBirthday } from './birthday.js';

const today = Temporal.PlainDate.from('2026-03-01');

describe('A birthday', () => {
  it.each([
    [2, 29, 0],
    [2, 29, 2000],
    [12, 31, 0],
    [3, 1, 2026],
    [1, 1, 1900],
  ])('[M2] is one: month %i, day %i, year %i', (month, day, year) => {
    expect(isBirthday({ month, day, year, lunar: false }, today)).toBe(true);
  });

  it.each([
    [2, 30, 0],
    [2, 29, 2001],
    [4, 31, 0],
    [0, 1, 0],
    [1, 0, 0],
    [13, 1, 0],
    [-1, 1, 0],
    [1.5, 1, 0],
    [3, 2, 2026],
    [12, 31, 1899],
    [1, 1, -5],
  ])('[M2] is refused: month %d, day %d, year %d', (month, day, year) => {
    expect(isBirthday({ month, day, year, lunar: false }, today)).toBe(false);
  });

  it.each([
    [{ month: 2, day: 29, year: 0, lunar: false }, '--02-29'],
    [{ month: 2, day: 9, year: 2000, lunar: false }, '2000-02-09'],
    [{ month: 8, day: 15, year: 0, lunar: true }, 'lunar --08-15'],
  ])('[M2] comes back from its sealed form as it was: %j', (birthday, text) => {
    expect(birthdayText(birthday)).toBe(text);
    expect(birthdayOf(text)).toEqual(birthday);
  });

  it('[M6] is masked to its month', () => {
    expect(maskedBirthday({ month: 2, day: 29, year: 2000, lunar: true })).toEqual({
      month: 2,
      day: 0,
      year: 0,
      lunar: true,
    });
  });

  it.each([
    [12, 30, 0, true],
    [8, 15, 1990, true],
    // 2020 had a fourth month of 30 days and a leap fourth month of 29.
    [4, 30, 2020, true],
    [13, 1, 0, false],
    [1, 31, 0, false],
    [12, 30, 2025, false],
    [1, 15, 2026, false],
  ])('[L10] by the Chinese calendar: month %i, day %i, year %i: %s', (month, day, year, exists) => {
    expect(isBirthday({ month, day, year, lunar: true }, today)).toBe(exists);
  });

  const kept = (month: number, day: number, lunar: boolean, from: string, until: string) => {
    const found = birthdayBetween(
      { month, day, year: 0, lunar },
      Temporal.PlainDate.from(from),
      Temporal.PlainDate.from(until),
    );
    return found && `${found.date.toString()} of ${found.year}`;
  };

  it('[L10] of 29 February is kept on the 28th of years that have no 29th', () => {
    expect(kept(2, 29, false, '2026-02-01', '2026-03-31')).toBe('2026-02-28 of 2026');
    expect(kept(2, 29, false, '2028-02-01', '2028-03-31')).toBe('2028-02-29 of 2028');
  });

  it('[L10] is found across the turn of the year, and not outside the days asked for', () => {
    expect(kept(1, 3, false, '2026-12-20', '2027-01-10')).toBe('2027-01-03 of 2027');
    expect(kept(1, 11, false, '2026-12-20', '2027-01-10')).toBeUndefined();
  });

  it('[L10] by the Chinese calendar moves, belongs to its own year, and falls on the last day of a short month', () => {
    expect(kept(8, 15, true, '2026-09-01', '2026-10-31')).toBe('2026-09-25 of 2026');
    expect(kept(12, 20, true, '2026-01-01', '2026-03-01')).toBe('2026-02-07 of 2025');
    expect(kept(12, 30, true, '2026-01-15', '2026-03-01')).toBe('2026-02-16 of 2025');
  });

  it('[L10] comes once in every year of its calendar, whatever stretches are asked for', () => {
    for (const [month, day, lunar] of [
      [2, 29, false],
      [12, 30, true],
      [11, 25, true],
    ] as const) {
      const years: number[] = [];
      let from = Temporal.PlainDate.from('2026-01-01');
      for (let stretch = 0; stretch < 120; stretch += 1) {
        const until = from.add({ days: 89 });
        const found = birthdayBetween({ month, day, year: 0, lunar }, from, until);
        if (found) years.push(found.year);
        from = until.add({ days: 1 });
      }
      expect(years).toEqual(years.map((_, index) => (years[0] ?? 0) + index));
      expect(years.length).toBeGreaterThanOrEqual(28);
    }
  });
});
