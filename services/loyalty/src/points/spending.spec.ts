import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { giveBackLatestFirst, type SpendableLot, spendOldestFirst } from './spending.js';

const lot = (lotId: string, remaining: number, expiresMs?: number): SpendableLot => ({ lotId, remaining, expiresMs });
const sum = (lots: readonly { points: number }[]) => lots.reduce((all, { points }) => all + points, 0);

const lots = () =>
  fc.uniqueArray(
    fc.record({
      lotId: fc.uuid(),
      remaining: fc.integer({ min: 0, max: 500 }),
      expiresMs: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }),
    }),
    { selector: ({ lotId }) => lotId, maxLength: 8 },
  );

describe('Spending points', () => {
  it('[L5] spends oldest expiry first, lots that never end last', () => {
    const held = [lot('never', 50), lot('late', 50, 300), lot('soon', 50, 200)];
    expect(spendOldestFirst(held, 0, 120, 100)).toEqual({
      outcome: 'taken',
      fromLots: [
        { lotId: 'soon', points: 50, expiresMs: 200 },
        { lotId: 'late', points: 50, expiresMs: 300 },
        { lotId: 'never', points: 20, expiresMs: undefined },
      ],
    });
  });

  it('[L5][L8] spends nothing that has ended, booked or not, and nothing that is owed', () => {
    const held = [lot('ended', 70, 100), lot('live', 50, 101)];
    expect(spendOldestFirst(held, 0, 51, 100)).toEqual({ outcome: 'refused', spendable: 50 });
    expect(spendOldestFirst(held, 20, 31, 100)).toEqual({ outcome: 'refused', spendable: 30 });
    expect(spendOldestFirst(held, 60, 1, 100)).toEqual({ outcome: 'refused', spendable: 0 });
    expect(spendOldestFirst(held, 20, 30, 100)).toMatchObject({ fromLots: [{ lotId: 'live', points: 30 }] });
  });

  it('[L8] takes exactly what is asked or nothing, never more than a lot has', () => {
    fc.assert(
      fc.property(lots(), fc.nat(300), fc.integer({ min: 1, max: 900 }), (held, debt, points) => {
        const result = spendOldestFirst(held, debt, points, 50);
        if (result.outcome === 'refused') {
          expect(result.spendable).toBeLessThan(points);
          return;
        }
        expect(sum(result.fromLots)).toBe(points);
        for (const taken of result.fromLots) {
          const from = held.find(({ lotId }) => lotId === taken.lotId)!;
          expect(taken.points).toBeLessThanOrEqual(from.remaining);
          expect(from.expiresMs ?? 51).toBeGreaterThan(50);
        }
      }),
    );
  });
});

describe('Giving points back', () => {
  it('[L6][L8] gives the same back in parts as at once, to the lots they came from', () => {
    const parts = fc.array(fc.nat(100), { maxLength: 8 });
    fc.assert(
      fc.property(lots(), parts, (held, points) => {
        const fromLots = held.map(({ lotId, remaining, expiresMs }) => ({ lotId, points: remaining, expiresMs }));
        const all = sum(fromLots);
        const given = new Map<string, number>();
        let returned = 0;
        for (const part of [...points, all]) {
          const now = Math.min(part, all - returned);
          const { intoLots, endedInLots } = giveBackLatestFirst(fromLots, returned, now, 0);
          expect(sum(intoLots) + sum(endedInLots)).toBe(now);
          for (const each of intoLots) given.set(each.lotId, (given.get(each.lotId) ?? 0) + each.points);
          returned += now;
        }
        for (const each of fromLots) expect(given.get(each.lotId) ?? 0).toBe(each.points);
      }),
    );
  });

  it('[L5][L8] gives nothing back into a lot that has ended meanwhile', () => {
    const fromLots = [
      { lotId: 'soon', points: 30, expiresMs: 100 },
      { lotId: 'late', points: 20, expiresMs: 200 },
    ];
    expect(giveBackLatestFirst(fromLots, 0, 50, 100)).toEqual({
      intoLots: [fromLots[1]],
      endedInLots: [fromLots[0]],
    });
  });
});
