import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anOccurrence, aPolicy } from '../../test/policies.js';
import { standingOn } from '../tiers/ladder.js';
import { accrue, type Bought, countedAmount } from './accrual.js';

const nothingBefore = { dayPoints: 0, monthPoints: 0 };

function bought(minor: number, category = 'food', type = 'cash'): Bought {
  return {
    totalMinor: minor,
    lines: [{ sku: 'noodles', category, quantityMilli: 1_000, amountMinor: minor }],
    payments: [{ type, amountMinor: minor }],
  };
}

function earned(policy: ReturnType<typeof aPolicy>, purchase: Bought, spentMinor = 0, before = nothingBefore) {
  return accrue(policy, purchase, standingOn(policy.tiers, spentMinor), before, anOccurrence());
}

const purchases = () =>
  fc
    .array(
      fc.record({
        sku: fc.constant('sku'),
        category: fc.constantFrom('food', 'tobacco'),
        quantityMilli: fc.constant(1_000),
        amountMinor: fc.integer({ min: 0, max: 1e7 }),
      }),
      {
        minLength: 1,
        maxLength: 8,
      },
    )
    .chain((lines) => {
      const totalMinor = lines.reduce((sum, line) => sum + line.amountMinor, 0);
      return fc.integer({ min: 0, max: totalMinor }).map((voucher) => ({
        totalMinor,
        lines,
        payments: [
          { type: 'voucher', amountMinor: voucher },
          { type: 'cash', amountMinor: totalMinor - voucher },
        ],
      }));
    });

describe('What a purchase earns', () => {
  it('[L3] gives points for every so many minor units and drops, halves or raises the rest once', () => {
    const policy = aPolicy({ points: 3, perMinor: 1_000 });
    expect(earned(policy, bought(1_500)).points).toBe(4);
    expect(earned({ ...policy, rounding: 'half-up' }, bought(1_500)).points).toBe(5);
    expect(earned({ ...policy, rounding: 'up' }, bought(1_400)).points).toBe(5);
  });

  it('[L3] rounds once per purchase, not once per line', () => {
    const lines = Array.from({ length: 10 }, () => ({
      sku: 'tea',
      category: 'food',
      quantityMilli: 1_000,
      amountMinor: 50,
    }));
    const purchase = { totalMinor: 500, lines, payments: [{ type: 'cash', amountMinor: 500 }] };
    expect(earned(aPolicy({ points: 1, perMinor: 100 }), purchase).points).toBe(5);
  });

  it('[L3] leaves out excluded categories and the share of excluded payments', () => {
    const policy = aPolicy({ excludedCategories: new Set(['tobacco']), excludedPaymentTypes: new Set(['voucher']) });
    const purchase: Bought = {
      totalMinor: 10_000,
      lines: [
        { sku: 'noodles', category: 'food', quantityMilli: 1_000, amountMinor: 6_000 },
        { sku: 'pipe', category: 'tobacco', quantityMilli: 1_000, amountMinor: 4_000 },
      ],
      payments: [
        { type: 'voucher', amountMinor: 5_000 },
        { type: 'cash', amountMinor: 5_000 },
      ],
    };
    expect(earned(policy, purchase)).toMatchObject({ countedMinor: 3_000, points: 30 });
  });

  it('[L3] gives nothing below the minimum, and says so', () => {
    const { points, steps } = earned(aPolicy({ minimumMinor: 1_000 }), bought(999));
    expect(points).toBe(0);
    expect(steps.at(-1)).toEqual(['below-minimum', 0, { minimum_minor: 1_000 }]);
    expect(earned(aPolicy({ minimumMinor: 1_000 }), bought(1_000)).points).toBe(10);
  });

  it('[L7] multiplies by the tier that the member has before the purchase', () => {
    const policy = aPolicy();
    expect(earned(policy, bought(10_000), 99_999).points).toBe(100);
    expect(earned(policy, bought(10_000), 100_000).points).toBe(150);
  });

  it('[L3] gives no more than the caps of the day and the month leave', () => {
    const policy = aPolicy({ capPerDay: 100, capPerMonth: 120 });
    expect(earned(policy, bought(20_000)).points).toBe(100);
    expect(earned(policy, bought(20_000), 0, { dayPoints: 60, monthPoints: 60 }).points).toBe(40);
    expect(earned(policy, bought(20_000), 0, { dayPoints: 0, monthPoints: 110 }).points).toBe(10);
    expect(earned(policy, bought(20_000), 0, { dayPoints: 130, monthPoints: 130 }).points).toBe(0);
  });

  it('[L3] explains every step, fractions before rounding included', () => {
    const { steps } = earned(aPolicy({ capPerDay: 10 }), bought(1_234), 100_000);
    expect(steps).toEqual([
      ['counted-amount', 0, { total_minor: 1_234, counted_minor: 1_234 }],
      ['base-accrual', 123_400, { points: 1, per_minor: 100 }],
      ['tier-multiplier', 185_100, { percent: 150 }],
      ['rounding', 180_000, { points: 18 }],
      ['cap-per-day', 100_000, { cap: 10, earned_before: 0 }],
    ]);
  });

  it('[L3] never counts less than nothing or more than the total, and never gives more points for less', () => {
    const policy = aPolicy({
      excludedCategories: new Set(['tobacco']),
      excludedPaymentTypes: new Set(['voucher']),
      rounding: 'half-up',
    });
    fc.assert(
      fc.property(purchases(), (purchase) => {
        const counted = countedAmount(policy, purchase);
        expect(counted).toBeGreaterThanOrEqual(0);
        expect(counted).toBeLessThanOrEqual(purchase.totalMinor);
        const { points } = earned(policy, purchase);
        expect(points).toBeGreaterThanOrEqual(0);
        expect(points).toBeLessThanOrEqual(earned(aPolicy({ rounding: 'half-up' }), purchase).points);
      }),
    );
  });

  it('[L3] stays within the caps whatever is bought in whatever order', () => {
    const policy = aPolicy({ capPerDay: 500, capPerMonth: 700 });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 60_000 }), fc.integer({ min: 1, max: 3 }))), (all) => {
        const days = new Map<number, number>();
        let month = 0;
        for (const [minor, day] of all) {
          const before = { dayPoints: days.get(day) ?? 0, monthPoints: month };
          const { points } = earned(policy, bought(minor), 0, before);
          days.set(day, before.dayPoints + points);
          month += points;
        }
        expect(Math.max(0, ...days.values())).toBeLessThanOrEqual(500);
        expect(month).toBeLessThanOrEqual(700);
      }),
    );
  });
});
