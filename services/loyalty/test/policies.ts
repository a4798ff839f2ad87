import { type AccrualRule, type RuleCondition, Stacking } from '@regulars/contracts/loyalty/v1/accrual_rules';
import type { Occurrence } from '../src/points/accrual.js';
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
    excludedSkus: new Set(),
    excludedPaymentTypes: new Set(),
    rules: [],
    tiers: [
      {
        code: 'regular',
        nameZh: '普通',
        nameEn: 'Regular',
        fromSpentMinor: 0,
        multiplierPercent: 100,
        benefits: undefined,
      },
      {
        code: 'gold',
        nameZh: '黄金',
        nameEn: 'Gold',
        fromSpentMinor: 100_000,
        multiplierPercent: 150,
        benefits: undefined,
      },
    ],
    tierPeriodMonths: 12,
    tierReview: undefined,
    expiryWarningDays: 0,
    holdLimits: undefined,
    birthday: undefined,
    expiry: { $case: 'rollingMonths', value: 12 },
    acceptDaysBack: 30,
    refundMayOwe: true,
    timeZone: 'Asia/Shanghai',
    ...change,
  };
}

/** A Saturday at noon, eaten in; changed as told. */
export function anOccurrence(change: Partial<Occurrence> = {}): Occurrence {
  return {
    businessDate: '2026-11-21',
    storeId: '0199c0de-0000-7000-8000-00000000000a',
    channel: 'dine-in',
    minuteOfDay: 720,
    isBirthday: false,
    ...change,
  };
}

/** What differs from the usual rule. */
export type RuleChange = Partial<Omit<AccrualRule, 'when'>> & { readonly when?: Partial<RuleCondition> };

/** A rule as it is drafted: doubles everything, always, on top of whatever else is given; changed as told. */
export function aRule(change: RuleChange = {}): AccrualRule {
  const { when, ...rest } = change;
  return {
    code: 'double',
    nameZh: '双倍积分',
    nameEn: 'Double points',
    gives: { $case: 'multiplierPercent', value: 200 },
    stacking: Stacking.ADD,
    priority: 0,
    mostPoints: 0,
    ...rest,
    when: { ...whenever, ...when },
  };
}

const whenever: RuleCondition = {
  categories: [],
  skus: [],
  tiers: [],
  storeIds: [],
  channels: [],
  weekdays: [],
  daysOfMonth: [],
  fromDate: '',
  untilDate: '',
  fromTime: '',
  untilTime: '',
  onBirthday: false,
  leastMinor: 0,
};
