import { describe, expect, it } from '@jest/globals';
import { datesToPlan, reportDueMs } from './store-day.js';

describe('When business days are reported', () => {
  it('[L17] is six in the morning after, or an hour after a day that ends later', () => {
    const at = (cutover: number, timeZone: string) =>
      new Date(reportDueMs('2026-11-02', { timeZone, dayCutoverMinutes: cutover })).toISOString();
    expect(at(240, 'Asia/Shanghai')).toBe('2026-11-02T22:00:00.000Z');
    expect(at(420, 'Asia/Shanghai')).toBe('2026-11-03T00:00:00.000Z');
    expect(at(0, 'America/New_York')).toBe('2026-11-03T11:00:00.000Z');
  });

  it('[L17] leaves out no day that passed while the service was down', () => {
    expect(datesToPlan(undefined, '2026-11-05')).toEqual(['2026-11-05']);
    expect(datesToPlan('2026-11-05', '2026-11-05')).toEqual([]);
    expect(datesToPlan('2026-11-02', '2026-11-05')).toEqual(['2026-11-03', '2026-11-04', '2026-11-05']);
    expect(datesToPlan('2026-01-01', '2026-11-05')).toHaveLength(31);
  });
});
