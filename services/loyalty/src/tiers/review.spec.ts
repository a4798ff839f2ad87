import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aPolicy } from '../../test/policies.js';
import { daysAfter } from '../programmes/calendar.js';
import { countedDates, hasReviews, type KeptTier, keptFrom, reviewTier } from './review.js';

const policy = aPolicy({ tierReview: { everyMonths: 12, noticeDays: 30, graceDays: 20 } });
if (!hasReviews(policy)) throw new Error('the policy has reviews');

const gold = keptFrom(policy, 'gold', '2026-01-10', '2026-01-10');

/** Spending by date. */
function spent(days: Readonly<Record<string, number>>) {
  return (from: string, until: string) =>
    Object.entries(days).reduce((sum, [date, minor]) => sum + (date >= from && date <= until ? minor : 0), 0);
}

/** Reviews whenever something is due, until a date, and tells what happened. */
function live(kept: KeptTier, days: Readonly<Record<string, number>>, until: string) {
  const changes = [];
  let now = kept;
  while (now.dueOn && now.dueOn <= until) {
    const today = now.dueOn;
    const sofar = Object.fromEntries(Object.entries(days).filter(([date]) => date <= today));
    const reviewed = reviewTier(policy as never, now, today, spent(sofar));
    if (reviewed.change) changes.push(reviewed.change);
    now = reviewed.kept;
  }
  return { changes, now };
}

describe('A tier that is kept until its review', () => {
  it('[L7] is kept for the months of the review and looked at when notice is due', () => {
    expect(gold).toEqual({
      tier: 'gold',
      since: '2026-01-10',
      basisOn: '2026-01-10',
      until: '2027-01-10',
      stage: 'kept',
      dueOn: '2026-12-11',
    });
  });

  it('[L7] tells before a downgrade what to spend by when, gives grace, and then falls to what was earned', () => {
    const { changes, now } = live(gold, { '2026-01-10': 100_000, '2026-06-01': 30_000 }, '2027-12-31');
    expect(changes.map(({ kind, happenedOn }) => [kind, happenedOn])).toEqual([
      ['noticed', '2026-12-11'],
      ['grace', '2027-01-11'],
      ['downgraded', '2027-01-30'],
    ]);
    expect(changes[0]).toMatchObject({ keptUntil: '2027-01-30', missingMinor: 70_000 });
    expect(changes[1]).toMatchObject({ keptUntil: '2027-01-30', missingMinor: 70_000, spentMinor: 30_000 });
    expect(now).toMatchObject({ tier: 'regular', until: undefined, dueOn: undefined });
  });

  it('[L7] is kept by who spends what was told by the day that was told, and lost by who spends less or later', () => {
    const before = { '2026-01-10': 100_000, '2026-06-01': 30_000 };
    const kinds = (days: Record<string, number>) =>
      live(gold, { ...before, ...days }, '2027-03-01').changes.map(({ kind }) => kind);
    expect(kinds({ '2027-01-05': 70_000 })).toEqual(['noticed', 'kept']);
    expect(kinds({ '2027-01-30': 70_000 })).toEqual(['noticed', 'grace', 'kept']);
    expect(kinds({ '2027-01-30': 69_999 })).toEqual(['noticed', 'grace', 'downgraded']);
    expect(kinds({ '2027-01-31': 70_000 })).toEqual(['noticed', 'grace', 'downgraded']);
  });

  it('[L7] says nothing to who has spent enough, and keeps the tier for another term', () => {
    const { changes, now } = live(gold, { '2026-01-10': 100_000, '2026-09-01': 100_000 }, '2027-02-01');
    expect(changes.map(({ kind }) => kind)).toEqual(['kept']);
    expect(now).toMatchObject({ tier: 'gold', since: '2026-01-10', until: '2028-01-10' });
  });

  it('[L6][L7] is revoked at once when the purchases that reached it were refunded', () => {
    const { kept, change } = reviewTier(
      policy,
      { ...gold, dueOn: '2026-02-01' },
      '2026-02-01',
      spent({ '2026-01-10': 40_000 }),
    );
    expect(change).toMatchObject({ kind: 'revoked', fromTier: 'gold', toTier: 'regular', happenedOn: '2026-02-01' });
    expect(kept.tier).toBe('regular');
    const granted = { ...gold, basisOn: undefined, dueOn: '2026-02-01' };
    expect(reviewTier(policy, granted, '2026-02-01', spent({})).kept.tier).toBe('gold');
  });

  it('[L7] decides the same however late the review runs', () => {
    const dates = fc.integer({ min: 0, max: 800 }).map((n) => daysAfter('2026-01-01', n));
    fc.assert(
      fc.property(
        fc.dictionary(dates, fc.integer({ min: 0, max: 120_000 }), { maxKeys: 8 }),
        fc.nat(10),
        (days, late) => {
          const spending = { ...days, '2026-01-10': 100_000 };
          const inTime = live(gold, spending, '2027-01-31').now;
          const lastDay = '2027-01-30';
          const once = reviewTier(
            policy,
            { ...gold, dueOn: lastDay },
            daysAfter(lastDay, 1 + late),
            spent(spending),
          ).kept;
          const keeps = (at: KeptTier) => at.tier;
          expect(keeps(once)).toBe(keeps(inTime));
        },
      ),
    );
  });

  it('[L7] counts every day of the period once: periods of two days in a row differ by their first and last day', () => {
    const [one, next] = ['2026-03-15', '2026-03-16'].map((date) => countedDates(policy, date));
    expect(one).toEqual({ from: '2025-03-16', until: '2026-03-15' });
    expect(next).toEqual({ from: '2025-03-17', until: '2026-03-16' });
  });
});
