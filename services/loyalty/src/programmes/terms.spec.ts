import { describe, expect, it } from '@jest/globals';
import { type ProgrammeTerms, Rounding } from '@regulars/contracts/loyalty/v1/programmes';
import { theTerms } from '../../test/chain.js';
import { policyOf, policyOn } from './policy.js';
import { faultsOfTerms } from './terms.js';

const pointersOf = (terms: ProgrammeTerms | undefined) => faultsOfTerms(terms).map(({ pointer }) => pointer);

describe('Drafted terms', () => {
  it('[L3] are told every fault at once, with its place', () => {
    const [regular, gold] = theTerms().tiers as [ProgrammeTerms['tiers'][0], ProgrammeTerms['tiers'][0]];
    const faulty: ProgrammeTerms = {
      ...theTerms({ points: 0, perMinor: 0.5, rounding: Rounding.UNSPECIFIED, capPerDay: -1 }),
      tiers: [
        { ...regular, fromSpentMinor: 1 },
        { ...gold, code: 'regular', fromSpentMinor: 1, multiplierPercent: 0 },
      ],
      tierPeriodMonths: 61,
      expiry: { policy: { $case: 'fixedDate', value: '2026-02-30' } },
      acceptDaysBack: 0,
      timeZone: 'Mars/Olympus',
    };
    expect(pointersOf(faulty)).toEqual([
      '/terms/accrual/points',
      '/terms/accrual/perMinor',
      '/terms/accrual/rounding',
      '/terms/accrual/capPerDay',
      '/terms/tiers/0/fromSpentMinor',
      '/terms/tiers/1/code',
      '/terms/tiers/1/fromSpentMinor',
      '/terms/tiers/1/multiplierPercent',
      '/terms/tierPeriodMonths',
      '/terms/expiry/fixedDate',
      '/terms/acceptDaysBack',
      '/terms/timeZone',
    ]);
    expect(pointersOf(undefined)).toEqual(['/terms']);
    expect(pointersOf(theTerms())).toEqual([]);
  });
});

describe('The policy of a business date', () => {
  it('[L3] is the latest that had begun', () => {
    const policies = [policyOf(1, '2026-01-01', theTerms()), policyOf(3, '2026-03-01', theTerms())];
    const programme = { programmeId: 'p', currency: 'CNY', policies };
    expect(policyOn(programme, '2025-12-31')).toBeUndefined();
    expect(policyOn(programme, '2026-02-28')?.version).toBe(1);
    expect(policyOn(programme, '2026-03-01')?.version).toBe(3);
  });
});
