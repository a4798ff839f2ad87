import type { Policy } from '../src/programmes/policy.js';

/** One point for each yuan, no caps, points for a year, two tiers; changed as told. */
export function aPolicy(change: Partial<Policy> = {}): Policy {
  return {
    version: 1,
    effectiveFrom: '2020-01-01',
    points: 1,
    perMinor: 100,
    rounding: 'down',
    minimumMinor: 0,
    capPerDay: 0,
    capPerMonth: 0,
    excludedCategories: new Set(),
    excludedPaymentTypes: new Set(),
    tiers: [
      { code: 'regular', nameZh: '普通', nameEn: 'Regular', fromSpentMinor: 0, multiplierPercent: 100 },
      { code: 'gold', nameZh: '黄金', nameEn: 'Gold', fromSpentMinor: 100_000, multiplierPercent: 150 },
    ],
    tierPeriodMonths: 12,
    expiry: { $case: 'rollingMonths', value: 12 },
    acceptDaysBack: 30,
    refundMayOwe: true,
    timeZone: 'Asia/Shanghai',
    ...change,
  };
}
