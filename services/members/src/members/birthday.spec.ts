import { describe, expect, it } from '@jest/globals';
import { Temporal } from 'temporal-polyfill';
import { birthdayOf, birthdayText, isBirthday, maskedBirthday } from './birthday.js';

const today = Temporal.PlainDate.from('2026-03-01');

describe('A birthday', () => {
  it.each([
    [2, 29, 0],
    [2, 29, 2000],
    [12, 31, 0],
    [3, 1, 2026],
    [1, 1, 1900],
  ])('[M2] is one: month %i, day %i, year %i', (month, day, year) => {
    expect(isBirthday({ month, day, year }, today)).toBe(true);
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
    expect(isBirthday({ month, day, year }, today)).toBe(false);
  });

  it.each([
    [{ month: 2, day: 29, year: 0 }, '--02-29'],
    [{ month: 2, day: 9, year: 2000 }, '2000-02-09'],
  ])('[M2] comes back from its sealed form as it was: %j', (birthday, text) => {
    expect(birthdayText(birthday)).toBe(text);
    expect(birthdayOf(text)).toEqual(birthday);
  });

  it('[M6] is masked to its month', () => {
    expect(maskedBirthday({ month: 2, day: 29, year: 2000 })).toEqual({ month: 2, day: 0, year: 0 });
  });
});
