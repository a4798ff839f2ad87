import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aPolicy } from '../../test/policies.js';
import { endOfPointsMs, payDebt } from './lots.js';

function endOf(expiry: Parameters<typeof aPolicy>[0], earnedOn: string): string | undefined {
  const ms = endOfPointsMs(aPolicy(expiry), earnedOn);
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

describe('When points end', () => {
  it('[L5] ends rolling months at the end of that day in the zone of the programme', () => {
    expect(endOf({ expiry: { $case: 'rollingMonths', value: 12 } }, '2026-03-15')).toBe('2027-03-15T16:00:00.000Z');
    const newYork = { expiry: { $case: 'rollingMonths', value: 1 }, timeZone: 'America/New_York' } as const;
    expect(endOf(newYork, '2026-02-08')).toBe('2026-03-09T04:00:00.000Z');
  });

  it('[L5] ends on the last day of a shorter month', () => {
    expect(endOf({ expiry: { $case: 'rollingMonths', value: 1 } }, '2027-01-31')).toBe('2027-02-28T16:00:00.000Z');
    expect(endOf({ expiry: { $case: 'rollingMonths', value: 12 } }, '2028-02-29')).toBe('2029-02-28T16:00:00.000Z');
  });

  it('[L5] ends with the year in which they were earned, plus the months of grace', () => {
    const withGrace = (value: number) => ({ expiry: { $case: 'yearEndGraceMonths', value } }) as const;
    expect(endOf(withGrace(0), '2026-03-15')).toBe('2026-12-31T16:00:00.000Z');
    expect(endOf(withGrace(2), '2026-12-31')).toBe('2027-02-28T16:00:00.000Z');
  });

  it('[L5] ends for all on a fixed date, or never', () => {
    expect(endOf({ expiry: { $case: 'fixedDate', value: '2027-06-30' } }, '2026-03-15')).toBe(
      '2027-06-30T16:00:00.000Z',
    );
    expect(endOf({ expiry: undefined }, '2026-03-15')).toBeUndefined();
  });
});

describe('Paying what is owed', () => {
  it('[L6] pays the debt first and puts the rest into the lot, and loses nothing', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.nat(1e6), (points, debt) => {
        const paid = payDebt(points, debt);
        expect(paid.intoLot - paid.debt).toBe(points - debt);
        expect(Math.min(paid.intoLot, paid.debt)).toBe(0);
      }),
    );
  });
});
