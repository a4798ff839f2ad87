import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Cohort, forecastOf } from './forecast.js';

function cohort(month: string, issued: number, ended: number, remaining: number, ending = remaining): Cohort {
  return { month, issued, ended, remaining, ending, lastEndMs: undefined };
}

describe('The forecast of points that will end unused', () => {
  it('[L4][L5] expects of open months the share that ended of those that are over', () => {
    const { rateE4, cohorts, expectedBreakage } = forecastOf([
      cohort('2026-01', 1_000, 200, 0),
      cohort('2026-02', 3_000, 400, 0),
      cohort('2026-09', 2_000, 0, 1_500),
      cohort('2026-10', 1_000, 100, 20),
    ]);
    expect(rateE4).toBe(1_500);
    expect(cohorts.map((each) => [each.used, each.expectedBreakage])).toEqual([
      [800, 0],
      [2_600, 0],
      [500, 300],
      [880, 20],
    ]);
    expect(expectedBreakage).toBe(320);
  });

  it('[L5] expects nothing of points that never end, and nothing while no month is over', () => {
    expect(forecastOf([cohort('2026-01', 100, 50, 0), cohort('2026-02', 100, 0, 100, 0)]).expectedBreakage).toBe(0);
    expect(forecastOf([cohort('2026-02', 100, 0, 100)])).toMatchObject({ rateE4: undefined, expectedBreakage: 0 });
  });

  it('[L5] never expects more than is left', () => {
    const some = fc.tuple(fc.nat(10_000), fc.nat(10_000), fc.nat(10_000)).map(([used, ended, left]) => {
      return cohort('2026-01', used + ended + left, ended, left);
    });
    fc.assert(
      fc.property(fc.array(some), (all) => {
        for (const each of forecastOf(all).cohorts) {
          expect(each.expectedBreakage).toBeGreaterThanOrEqual(0);
          expect(each.expectedBreakage).toBeLessThanOrEqual(each.remaining);
          expect(each.used + each.ended + each.remaining).toBe(each.issued);
        }
      }),
    );
  });
});
