import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aPolicy } from '../../test/policies.js';
import { standingOn, tierPeriodBegins } from './ladder.js';

const { tiers } = aPolicy();

describe('Where a member stands on the ladder', () => {
  it('[L7] reaches a tier with exactly what it takes', () => {
    expect(standingOn(tiers, 99_999)).toMatchObject({ tier: { code: 'regular' }, missingMinor: 1 });
    expect(standingOn(tiers, 100_000)).toMatchObject({ tier: { code: 'gold' }, next: undefined, missingMinor: 0 });
  });

  it('[L7] stands on the lowest when more was refunded than bought', () => {
    expect(standingOn(tiers, -500)).toMatchObject({ tier: { code: 'regular' }, missingMinor: 100_500 });
  });

  it('[L7] never falls by spending more', () => {
    const ladder = [0, 1_000, 5_000, 9_000].map((from, n) => ({ ...tiers[0], code: `t${n}`, fromSpentMinor: from }));
    fc.assert(
      fc.property(fc.nat(10_000), fc.nat(10_000), (spent, more) => {
        const [before, after] = [
          standingOn(ladder as typeof tiers, spent),
          standingOn(ladder as typeof tiers, spent + more),
        ];
        expect(after.tier.fromSpentMinor).toBeGreaterThanOrEqual(before.tier.fromSpentMinor);
        if (after.next) expect(after.spentMinor + after.missingMinor).toBe(after.next.fromSpentMinor);
      }),
    );
  });

  it('[L7] looks back a rolling period that ends with the day', () => {
    expect(tierPeriodBegins({ tierPeriodMonths: 12 }, '2026-03-15')).toBe('2025-03-15');
    expect(tierPeriodBegins({ tierPeriodMonths: 1 }, '2026-03-31')).toBe('2026-02-28');
  });
});
