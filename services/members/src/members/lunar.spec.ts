import { describe, expect, it } from '@jest/globals';
import { Lunar, LunarMonth } from 'lunar-typescript';
import { dayOfLunar, daysOfLunarMonth, lunarYears } from './lunar.js';

describe('The Chinese calendar', () => {
  it('[L10] knows the New Year of years that everybody can look up', () => {
    expect(dayOfLunar(2025, 1, 1).toString()).toBe('2025-01-29');
    expect(dayOfLunar(2026, 1, 1).toString()).toBe('2026-02-17');
    expect(dayOfLunar(2027, 1, 1).toString()).toBe('2027-02-06');
  });

  // The oracle reckons by the moon itself, what is tested by tables: nothing is shared.
  it('[L10] agrees with a second library on every day that birthdays of our guests can fall on', () => {
    const differ: string[] = [];
    for (let year = 1990; year <= lunarYears.last; year += 1) {
      for (let month = 1; month <= 12; month += 1) {
        const days = LunarMonth.fromYm(year, month)?.getDayCount() ?? 0;
        if (daysOfLunarMonth(year, month) !== days) differ.push(`${year}-${month} has ${days} days`);
        const first = Lunar.fromYmd(year, month, 1).getSolar().toYmd();
        const last = Lunar.fromYmd(year, month, days).getSolar().toYmd();
        if (dayOfLunar(year, month, 1).toString() !== first) differ.push(`${year}-${month}-1 is ${first}`);
        if (dayOfLunar(year, month, 30).toString() !== last) differ.push(`${year}-${month}-30 is ${last}`);
      }
    }
    expect(differ).toEqual([]);
  });
});
