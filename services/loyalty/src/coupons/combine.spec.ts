import { describe, expect, it } from '@jest/globals';
import { CouponKind, type CouponTerms } from '@regulars/contracts/loyalty/v1/coupons';
import fc from 'fast-check';
import { aCouponKind } from '../../test/coupons.js';
import { allOf, bestFor, type Candidate } from './combine.js';
import { faultsOfCoupon, lastDayOf } from './definition.js';
import { discountOf } from './discount.js';

const line = (amountMinor: number, sku = 'noodles', category = 'food', quantityMilli = 1_000) => ({
  sku,
  category,
  quantityMilli,
  amountMinor,
});
const kind = (change: Partial<CouponTerms>) => aCouponKind('p', change);

function coupon(code: string, change: Partial<CouponTerms> = {}, more: Partial<Candidate> = {}): Candidate {
  return { code, definitionId: code, terms: kind(change), lastDay: undefined, leftForPerson: undefined, ...more };
}

describe('What a coupon takes off', () => {
  it('[L9] takes an amount, a percentage up to its cap, a free item, or so much for every so much', () => {
    const bill = [line(20_000), line(4_500, 'tea', 'drinks', 3_000)];
    expect(discountOf(kind({ valueMinor: 2_000 }), bill)).toEqual({ minor: 2_000 });
    const percent = { kind: CouponKind.PERCENT_OFF, valueMinor: 0, percent: 15 };
    expect(discountOf(kind(percent), bill)).toEqual({ minor: 3_675 });
    expect(discountOf(kind({ ...percent, capMinor: 3_000 }), bill)).toEqual({ minor: 3_000 });
    expect(discountOf(kind({ kind: CouponKind.FREE_ITEM, skus: ['tea'] }), bill)).toEqual({ minor: 1_500 });
    const save = { kind: CouponKind.SPEND_SAVE, minSpendMinor: 10_000, valueMinor: 1_500 };
    expect(discountOf(kind(save), bill)).toEqual({ minor: 3_000 });
    expect(discountOf(kind({ ...save, capMinor: 1_500 }), bill)).toEqual({ minor: 1_500 });
  });

  it('[L9] tells why it takes nothing: too little on the bill, nothing it is for', () => {
    expect(discountOf(kind({ minSpendMinor: 10_000 }), [line(9_999)])).toEqual({ refused: 'BELOW_MINIMUM' });
    expect(discountOf(kind({ categories: ['drinks'] }), [line(9_999)])).toEqual({ refused: 'NOTHING_IT_IS_FOR' });
  });

  it('[L9] never takes more than the lines it is for come to', () => {
    expect(discountOf(kind({ valueMinor: 9_000, skus: ['tea'] }), [line(9_000), line(500, 'tea')])).toEqual({
      minor: 500,
    });
  });
});

describe('A kind of coupon', () => {
  it('[L9] is told every fault at once, a percentage above 100 and an end before its beginning among them', () => {
    const faulty = kind({
      kind: CouponKind.PERCENT_OFF,
      percent: 101,
      capMinor: -1,
      perReceipt: 0,
      validFrom: '2026-06-01',
      validUntil: '2026-05-31',
    });
    expect(faultsOfCoupon(faulty).map(({ pointer }) => pointer)).toEqual([
      '/percent',
      '/capMinor',
      '/perReceipt',
      '/validUntil',
    ]);
    expect(faultsOfCoupon(kind({ kind: CouponKind.FREE_ITEM }))).toHaveLength(1);
    expect(faultsOfCoupon(kind({}))).toEqual([]);
  });

  it('[L9] ends so many days after its issue, never after its own last day', () => {
    expect(lastDayOf(kind({ validDays: 1 }), '2026-02-28')).toBe('2026-02-28');
    expect(lastDayOf(kind({ validDays: 2 }), '2026-02-28')).toBe('2026-03-01');
    expect(lastDayOf(kind({ validDays: 30, validUntil: '2026-03-05' }), '2026-02-28')).toBe('2026-03-05');
    expect(lastDayOf(kind({}), '2026-02-28')).toBeUndefined();
  });
});

describe('Coupons used together', () => {
  it('[L9] are the ones that take most off, and each other is told why not', () => {
    const bill = [line(10_000)];
    const alone = coupon('alone', { valueMinor: 2_500, combines: false });
    const [one, two] = [coupon('one', { valueMinor: 1_000 }), coupon('two', { valueMinor: 2_000 })];
    expect(bestFor([alone, one, two], bill)).toEqual({
      applied: [
        { code: 'two', definitionId: 'two', discountMinor: 2_000 },
        { code: 'one', definitionId: 'one', discountMinor: 1_000 },
      ],
      leftOut: [{ code: 'alone', reason: 'DOES_NOT_COMBINE' }],
      discountMinor: 3_000,
    });
    expect(bestFor([alone, one], bill)).toMatchObject({
      applied: [{ code: 'alone' }],
      leftOut: [{ code: 'one', reason: 'DOES_NOT_COMBINE' }],
    });
  });

  it('[L9] keep to the limits of the receipt and of the person', () => {
    const bill = [line(10_000)];
    const same = (code: string, more: Partial<Candidate>) => ({ ...coupon(code), definitionId: 'same', ...more });
    expect(bestFor([same('a', {}), same('b', {})], bill).leftOut).toEqual([
      { code: expect.any(String), reason: 'LIMIT_PER_RECEIPT' },
    ]);
    const many = kind({ perReceipt: 5 });
    const left = { terms: many, leftForPerson: 1 };
    expect(bestFor([same('a', left), same('b', left)], bill).leftOut).toMatchObject([{ reason: 'LIMIT_REACHED' }]);
    expect(bestFor([coupon('a', {}, { leftForPerson: 0 })], bill).leftOut).toMatchObject([{ reason: 'LIMIT_REACHED' }]);
    expect(allOf([same('a', left), same('b', left)], bill).leftOut).toEqual([{ code: 'b', reason: 'LIMIT_REACHED' }]);
  });

  it('[L9] leave for another time what a bill does not need, and use what ends first', () => {
    const bill = [line(1_000)];
    const late = coupon('late', { valueMinor: 1_000 }, { lastDay: '2026-12-31' });
    const soon = coupon('soon', { valueMinor: 1_000 }, { lastDay: '2026-06-30' });
    expect(bestFor([late, soon], bill)).toMatchObject({
      applied: [{ code: 'soon' }],
      leftOut: [{ code: 'late', reason: 'NOT_NEEDED' }],
      discountMinor: 1_000,
    });
    expect(allOf([late, soon], bill)).toMatchObject({ discountMinor: 1_000, leftOut: [] });
  });

  it('[L9] never come to more than the bill, and no other combination comes to more', () => {
    const candidates = fc.array(
      fc.record({ valueMinor: fc.integer({ min: 1, max: 900 }), combines: fc.boolean(), shared: fc.boolean() }),
      { maxLength: 7 },
    );
    fc.assert(
      fc.property(candidates, fc.integer({ min: 1, max: 2_000 }), (all, total) => {
        const coupons = all.map(({ valueMinor, combines, shared }, index) => ({
          ...coupon(`c${index}`, { valueMinor, combines }),
          definitionId: shared ? 'shared' : `d${index}`,
        }));
        const best = bestFor(coupons, [line(total)]);
        const sum = best.applied.reduce((minor, { discountMinor }) => minor + discountMinor, 0);
        expect(sum).toBe(best.discountMinor);
        expect(sum).toBeLessThanOrEqual(total);
        expect(best.applied.length + best.leftOut.length).toBe(coupons.length);
        for (let mask = 0; mask < 2 ** coupons.length; mask += 1) {
          const subset = coupons.filter((_, index) => mask & (2 ** index));
          expect(allOf(subset, [line(total)]).discountMinor).toBeLessThanOrEqual(best.discountMinor);
        }
      }),
      { numRuns: 50 },
    );
  });
});
