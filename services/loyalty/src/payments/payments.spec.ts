import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { noAccount } from '../points/ledger.js';
import { type PaidWithPoints, toReturn } from './payments.js';

function paid(points: number, isMoney = true): PaidWithPoints {
  const row = {
    redemptionId: 'r',
    memberId: 'm',
    programmeId: 'p',
    programmeVersion: 1,
    points,
    returned: 0,
    fromLots: [{ lotId: 'lot', points, expiresMs: undefined }],
    storeId: 's',
    businessDate: '2026-05-10',
  };
  return { row, isMoney, account: noAccount };
}

describe('What a refund gives back of a payment with points', () => {
  it('[L6] is the share that is given back, and all of it with the whole receipt', () => {
    const part = { refundedMinor: 2_500, totalMinor: 10_000, isWhole: false };
    expect(toReturn(paid(99), 0, part)).toMatchObject({ points: 24, state: 'confirmed' });
    expect(toReturn(paid(99), 24, { ...part, refundedMinor: 10_000, isWhole: true })).toMatchObject({
      points: 75,
      state: 'returned',
    });
  });

  it('[L6] of a dish or a gift is nothing before the whole receipt is given back', () => {
    const most = { refundedMinor: 9_999, totalMinor: 10_000, isWhole: false };
    expect(toReturn(paid(300, false), 0, most).points).toBe(0);
    expect(toReturn(paid(300, false), 0, { ...most, isWhole: true }).points).toBe(300);
  });

  it('[L6] comes to the same however the refund is split, never more than was paid', () => {
    fc.assert(
      fc.property(fc.nat(5_000), fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1 }), (points, parts) => {
        const totalMinor = parts.reduce((sum, part) => sum + part, 0);
        let [refundedMinor, returned] = [0, 0];
        parts.forEach((part, index) => {
          refundedMinor += part;
          const isWhole = index === parts.length - 1;
          const back = toReturn(paid(points), returned, { refundedMinor, totalMinor, isWhole });
          expect(back.points).toBeGreaterThanOrEqual(0);
          returned += back.points;
          expect(returned).toBeLessThanOrEqual(points);
        });
        expect(returned).toBe(points);
      }),
    );
  });
});
