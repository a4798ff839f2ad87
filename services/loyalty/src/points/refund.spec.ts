import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type EarnedByReceipt, type GivenBack, takeBack } from './refund.js';

const line = (amountMinor: number, counts = true) => ({ quantityMilli: 1_000, amountMinor, counts });

function receipt(points: number, change: Partial<EarnedByReceipt> = {}): EarnedByReceipt {
  return {
    points,
    lines: [line(10_000)],
    refunded: [],
    refundedUncredited: [],
    lots: [{ lotId: 'lot', remaining: points, expired: 0, expiresMs: undefined }],
    ...change,
  };
}

const back = (amountMinor: number, quantityMilli = 1, at = 0) => [{ line: at, quantityMilli, amountMinor }];

function taken(result: ReturnType<typeof takeBack>) {
  if (result.outcome !== 'taken-back') throw new Error(result.reason);
  return result;
}

describe('Taking points back after a refund', () => {
  it('[L6] takes them from the lots the receipt earned, latest expiry first', () => {
    const lots = [
      { lotId: 'soon', remaining: 60, expired: 0, expiresMs: 1_000 },
      { lotId: 'never', remaining: 20, expired: 0, expiresMs: undefined },
      { lotId: 'late', remaining: 20, expired: 0, expiresMs: 9_000 },
    ];
    expect(taken(takeBack(receipt(100, { lots }), back(5_000))).fromLots).toEqual([
      { lotId: 'never', taken: 20, forgiven: 0 },
      { lotId: 'late', taken: 20, forgiven: 0 },
      { lotId: 'soon', taken: 10, forgiven: 0 },
    ]);
  });

  it('[L6] leaves the member owing what was already spent', () => {
    const lots = [{ lotId: 'lot', remaining: 30, expired: 0, expiresMs: undefined }];
    expect(taken(takeBack(receipt(100, { lots }), []))).toMatchObject({
      owed: 70,
      fromLots: [{ lotId: 'lot', taken: 30, forgiven: 0 }],
    });
  });

  it('[L5][L6] neither takes nor lets owe what had ended unused', () => {
    const lots = [{ lotId: 'lot', remaining: 0, expired: 100, expiresMs: 1_000 }];
    expect(taken(takeBack(receipt(100, { lots }), []))).toMatchObject({
      owed: 0,
      fromLots: [{ lotId: 'lot', taken: 0, forgiven: 100 }],
    });
  });

  it('[L6] takes nothing back for a line that earned nothing', () => {
    const lines = [line(10_000), line(5_000, false)];
    const result = taken(takeBack(receipt(100, { lines }), back(5_000, 1_000, 1)));
    expect(result).toMatchObject({ owed: 0, fromLots: [], refundedMinor: 5_000, countedMinor: 0 });
  });

  it('[L6] refuses to refund more than was bought, in money or quantity, and what was refunded already', () => {
    expect(takeBack(receipt(100), back(10_001))).toMatchObject({ reason: 'MORE_THAN_BOUGHT' });
    expect(takeBack(receipt(100), back(1, 1_001))).toMatchObject({ reason: 'MORE_THAN_BOUGHT' });
    expect(takeBack(receipt(100), [...back(6_000), ...back(6_000)])).toMatchObject({ reason: 'MORE_THAN_BOUGHT' });
    expect(takeBack(receipt(100), back(1, 1, 3))).toMatchObject({ reason: 'UNKNOWN_LINE' });
    const whole = [{ quantityMilli: 1_000, amountMinor: 10_000 }];
    expect(takeBack(receipt(100, { refunded: whole }), [])).toMatchObject({ reason: 'ALREADY_REFUNDED' });
    const half = [{ quantityMilli: 500, amountMinor: 5_000 }];
    expect(takeBack(receipt(100, { refunded: half }), [])).toMatchObject({ reason: 'MORE_THAN_BOUGHT' });
  });

  it('[L6] takes back the same total however the refund is split', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5_000 }),
        fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 9 }),
        (points, parts) => {
          const minor = parts.reduce((sum, part) => sum + part, 0);
          const lines = [{ quantityMilli: parts.length, amountMinor: minor, counts: true }];
          let refunded: readonly GivenBack[] = [];
          let remaining = points;
          for (const part of parts) {
            const lots = [{ lotId: 'lot', remaining, expired: 0, expiresMs: undefined }];
            const result = taken(takeBack({ points, lines, refunded, refundedUncredited: [], lots }, back(part)));
            expect(result.owed).toBe(0);
            refunded = result.refunded;
            remaining -= result.fromLots.reduce((sum, lot) => sum + lot.taken, 0);
          }
          expect(remaining).toBe(0);
        },
      ),
    );
  });

  it('[L6] does not take points for what was given back before they were booked', () => {
    const before = [{ quantityMilli: 400, amountMinor: 4_000 }];
    const earned = receipt(60, { refunded: before, refundedUncredited: before });
    expect(taken(takeBack(earned, back(6_000, 600))).fromLots).toEqual([{ lotId: 'lot', taken: 60, forgiven: 0 }]);
    expect(taken(takeBack(earned, back(3_000, 300))).fromLots).toEqual([{ lotId: 'lot', taken: 30, forgiven: 0 }]);
  });
});
