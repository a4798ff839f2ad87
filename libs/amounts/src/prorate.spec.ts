import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvalidAmount, minor, points } from './amount.js';
import { prorate, share } from './prorate.js';

const amounts = () => fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const weights = () => fc.array(fc.integer({ min: 0, max: 1_000_000_000 }), { minLength: 1, maxLength: 20 });

describe('Amounts', () => {
  it('[L1] refuses fractions and numbers beyond the safe range', () => {
    for (const bad of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => minor(bad)).toThrow(InvalidAmount);
      expect(() => points(bad)).toThrow(InvalidAmount);
    }
    expect(minor(Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('knows no negative zero', () => {
    expect(Object.is(points(-0), 0)).toBe(true);
  });
});

describe('Splitting an amount', () => {
  it('[L6] gives parts that add up to the whole', () => {
    fc.assert(
      fc.property(amounts(), weights(), (amount, parts) => {
        fc.pre(parts.some((part) => part > 0));
        const split = prorate(amount, parts);
        expect(split.reduce((sum, part) => sum + BigInt(part), 0n)).toBe(BigInt(amount));
        expect(split.every((part, index) => part >= 0 && (parts[index] !== 0 || part === 0))).toBe(true);
      }),
    );
  });

  it('keeps every part within one of its exact share', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), weights(), (amount, parts) => {
        const total = parts.reduce((sum, part) => sum + part, 0);
        fc.pre(total > 0);
        prorate(amount, parts).forEach((part, index) => {
          expect(Math.abs(part - (amount * (parts[index] ?? 0)) / total)).toBeLessThan(1.000001);
        });
      }),
    );
  });

  it('refuses weights that are all zero', () => {
    expect(() => prorate(1, [0, 0])).toThrow(InvalidAmount);
    expect(prorate(0, [0, 0])).toEqual([0, 0]);
  });
});

describe('A share of an amount', () => {
  it('[L3] rounds as told', () => {
    expect(share(150, { of: 1, per: 100 }, 'down')).toBe(1);
    expect(share(150, { of: 1, per: 100 }, 'half-up')).toBe(2);
    expect(share(149, { of: 1, per: 100 }, 'half-up')).toBe(1);
    expect(share(101, { of: 1, per: 100 }, 'up')).toBe(2);
    expect(share(-150, { of: 1, per: 100 }, 'half-up')).toBe(-2);
  });

  it('does not lose a unit where a float would', () => {
    expect(share(Number.MAX_SAFE_INTEGER, { of: 3, per: 3 }, 'down')).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => share(Number.MAX_SAFE_INTEGER, { of: 2, per: 1 }, 'down')).toThrow(InvalidAmount);
  });
});
