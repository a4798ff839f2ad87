import { describe, expect, it } from '@jest/globals';
import { Stacking, Weekday } from '@regulars/contracts/loyalty/v1/accrual_rules';
import { theTerms } from '../../test/chain.js';
import { aRule, type RuleChange } from '../../test/policies.js';
import { contradictionsIn } from './contradictions.js';
import { faultsOfTerms } from './terms.js';

const from = '2026-12-01';
const exclusive = { stacking: Stacking.EXCLUSIVE, priority: 5 };

describe('What cannot be published', () => {
  it('[L3] terms whose parts go together have no contradiction', () => {
    const rules = [aRule({ when: { fromDate: '2027-01-01', untilDate: '2027-01-31', tiers: ['gold'] } })];
    expect(contradictionsIn({ ...theTerms(), rules }, from)).toEqual([]);
  });

  it('[L3] tells every contradiction at once', () => {
    const terms = {
      ...theTerms({ capPerDay: 500, capPerMonth: 100, excludedCategories: ['tobacco'] }),
      expiry: { policy: { $case: 'fixedDate', value: '2026-11-30' } } as const,
      rules: [
        aRule({ code: 'ended', when: { untilDate: '2026-11-30' } }),
        aRule({ code: 'backwards', when: { fromDate: '2027-02-01', untilDate: '2027-01-01' } }),
        aRule({ code: 'platinum', when: { tiers: ['platinum'] } }),
        aRule({ code: 'tobacco', when: { categories: ['tobacco'] } }),
        aRule({ code: 'one', ...exclusive }),
        aRule({ code: 'other', ...exclusive }),
      ],
    };
    expect(contradictionsIn(terms, from).map(({ pointer }) => pointer)).toEqual([
      '/terms/expiry/fixedDate',
      '/terms/accrual/capPerDay',
      '/terms/rules/0/when/untilDate',
      '/terms/rules/1/when/untilDate',
      '/terms/rules/2/when/tiers/0',
      '/terms/rules/3/when/categories/0',
      '/terms/rules/5/priority',
    ]);
  });

  it('[L3] lets exclusive rules share a priority where they never meet', () => {
    const apart = (one: RuleChange['when'], other: RuleChange['when']) =>
      contradictionsIn(
        {
          ...theTerms(),
          rules: [
            aRule({ code: 'one', ...exclusive, when: { ...one } }),
            aRule({ code: 'other', ...exclusive, when: { ...other } }),
          ],
        },
        from,
      ).length === 0;
    expect(apart({ tiers: ['gold'] }, { tiers: ['regular'] })).toBe(true);
    expect(apart({ weekdays: [Weekday.MONDAY] }, { weekdays: [Weekday.TUESDAY] })).toBe(true);
    expect(apart({ untilDate: '2027-01-01' }, { fromDate: '2027-01-02' })).toBe(true);
    expect(apart({ weekdays: [Weekday.MONDAY] }, { tiers: ['gold'] })).toBe(false);
  });

  it('[L3][L7] tells every fault of a part by itself: ladder, percent, rules', () => {
    const terms = theTerms();
    const benefits = { discountPercent: 101, priority: 0, gifts: [], personalService: false };
    const tiers = terms.tiers.map((tier) => ({ ...tier, fromSpentMinor: tier.fromSpentMinor + 1, benefits }));
    const gives = { $case: 'multiplierPercent', value: 100 } as const;
    const rules = [
      aRule({ code: 'A b', gives }),
      aRule({ code: 'A b', nameZh: '', when: { daysOfMonth: [32], fromTime: '25:00' } }),
    ];
    expect(faultsOfTerms({ ...terms, tiers, rules }).map(({ pointer }) => pointer)).toEqual([
      '/terms/tiers/0/fromSpentMinor',
      '/terms/tiers/0/benefits/discountPercent',
      '/terms/tiers/1/benefits/discountPercent',
      '/terms/rules/0/code',
      '/terms/rules/0/multiplierPercent',
      '/terms/rules/1/code',
      '/terms/rules/1/code',
      '/terms/rules/1/nameZh',
      '/terms/rules/1/when/daysOfMonth/0',
      '/terms/rules/1/when/fromTime',
    ]);
  });
});
