import { describe, expect, it } from '@jest/globals';
import { type AccrualRule, Stacking, Weekday } from '@regulars/contracts/loyalty/v1/accrual_rules';
import fc from 'fast-check';
import { anOccurrence, aPolicy, aRule, type RuleChange } from '../../test/policies.js';
import { rulesOf } from '../programmes/rules.js';
import { standingOn } from '../tiers/ladder.js';
import { accrue, type Bought, type Occurrence } from './accrual.js';
import { takeBack } from './refund.js';

const line = (category: string, amountMinor: number, quantityMilli = 1_000, sku = category) => ({
  sku,
  category,
  quantityMilli,
  amountMinor,
});

function bought(...lines: ReturnType<typeof line>[]): Bought {
  const totalMinor = lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  return { totalMinor, lines, payments: [{ type: 'cash', amountMinor: totalMinor }] };
}

function earned(
  rules: AccrualRule[],
  purchase: Bought,
  change: Partial<Occurrence> = {},
  spentMinor = 0,
  dayPoints = 0,
) {
  const policy = aPolicy({ rules: rulesOf(rules) });
  const standing = standingOn(policy.tiers, spentMinor);
  return accrue(policy, purchase, standing, { dayPoints, monthPoints: dayPoints }, anOccurrence(change));
}

const drinks = aRule({
  code: 'drinks',
  gives: { $case: 'multiplierPercent', value: 300 },
  when: { categories: ['drink'] },
});

describe('What accrual rules add', () => {
  it('[L3] doubles on a member day of the month and on no other', () => {
    const memberDay = aRule({ when: { daysOfMonth: [8, 18, 28] } });
    expect(earned([memberDay], bought(line('food', 10_050)), { businessDate: '2026-11-28' }).points).toBe(201);
    expect(earned([memberDay], bought(line('food', 10_050)), { businessDate: '2026-11-27' }).points).toBe(100);
  });

  it('[L3] adds fractions of base, tier and rules before it rounds once', () => {
    const third = { $case: 'perAmount', value: { points: 1, perMinor: 300 } } as const;
    const rules = [
      aRule({ code: 'a', gives: third }),
      aRule({ code: 'b', gives: third }),
      aRule({ code: 'c', gives: third }),
    ];
    expect(earned(rules, bought(line('food', 100))).points).toBe(2);
  });

  it('[L3] multiplies plain points only: gold with 150 on a double day earns 250', () => {
    expect(earned([aRule()], bought(line('food', 10_000)), {}, 100_000).points).toBe(250);
  });

  it('[L3] holds by weekday, time across midnight, store, channel, tier and dates, as far as each is told', () => {
    const purchase = bought(line('food', 10_000));
    const holds = (when: RuleChange, change: Partial<Occurrence> = {}) =>
      earned([aRule(when)], purchase, change).points === 200;
    expect(holds({ when: { weekdays: [Weekday.SATURDAY] } })).toBe(true);
    expect(holds({ when: { weekdays: [Weekday.SUNDAY] } })).toBe(false);
    const night = { when: { fromTime: '22:00', untilTime: '02:00' } };
    expect([1_320, 60, 119].every((minuteOfDay) => holds(night, { minuteOfDay }))).toBe(true);
    expect([120, 1_319].some((minuteOfDay) => holds(night, { minuteOfDay }))).toBe(false);
    expect(holds({ when: { storeIds: [anOccurrence().storeId] } })).toBe(true);
    expect(holds({ when: { storeIds: ['0199c0de-0000-7000-8000-00000000000b'] } })).toBe(false);
    expect(holds({ when: { channels: ['delivery'] } })).toBe(false);
    expect(holds({ when: { tiers: ['gold'] } })).toBe(false);
    expect(holds({ when: { fromDate: '2026-11-21', untilDate: '2026-11-21' } })).toBe(true);
    expect(holds({ when: { fromDate: '2026-11-22' } })).toBe(false);
    expect(holds({ when: { onBirthday: true } })).toBe(false);
    expect(holds({ when: { onBirthday: true } }, { isBirthday: true })).toBe(true);
    expect(holds({ when: { leastMinor: 10_001 } })).toBe(false);
  });

  it('[L3] covers lines by category and article, gives points per unit and per visit, and keeps its own cap', () => {
    const purchase = bought(line('food', 10_000), line('drink', 2_000, 3_000, 'tea'));
    expect(earned([drinks], purchase).points).toBe(120 + 40);
    const perCup = aRule({ gives: { $case: 'pointsPerUnit', value: 5 }, when: { skus: ['tea'] } });
    expect(earned([perCup], purchase).points).toBe(120 + 15);
    const visit = aRule({ gives: { $case: 'pointsPerVisit', value: 50 } });
    expect(earned([visit], purchase).points).toBe(120 + 50);
    expect(earned([visit], purchase, {}, 0, 7).points).toBe(120);
    expect(earned([aRule({ mostPoints: 30 })], purchase).points).toBe(150);
  });

  it('[L3] gives of the best-of rules the best, and says which one left the others out', () => {
    const rules = [
      aRule({ code: 'two', stacking: Stacking.BEST_OF }),
      aRule({ code: 'three', stacking: Stacking.BEST_OF, gives: { $case: 'multiplierPercent', value: 300 } }),
      aRule({ code: 'visit', gives: { $case: 'pointsPerVisit', value: 5 } }),
    ];
    const { points, steps } = earned(rules, bought(line('food', 10_000)));
    expect(points).toBe(100 + 200 + 5);
    expect(steps.slice(2)).toEqual([
      ['rule', 3_000_000, { rule: 2, lines: 1, covered_minor: 10_000, gives_e4: 2_000_000, percent: 300 }],
      ['rule', 3_050_000, { rule: 3, lines: 1, covered_minor: 10_000, gives_e4: 50_000, points: 5 }],
      ['rule-left-out', 3_050_000, { rule: 1, by: 2, gives_e4: 1_000_000 }],
    ]);
  });

  it('[L3] lets no other rule count while an exclusive one holds, the one with the highest priority', () => {
    const rules = [
      aRule({
        code: 'low',
        stacking: Stacking.EXCLUSIVE,
        priority: 1,
        gives: { $case: 'multiplierPercent', value: 900 },
      }),
      aRule({ code: 'high', stacking: Stacking.EXCLUSIVE, priority: 2 }),
      aRule({ code: 'add' }),
    ];
    expect(earned(rules, bought(line('food', 10_000))).points).toBe(200);
  });

  it('[L3] gives by rules only for the share that was paid in ways that count', () => {
    const policy = aPolicy({ rules: rulesOf([drinks]), excludedPaymentTypes: new Set(['voucher']) });
    const purchase: Bought = {
      ...bought(line('food', 6_000), line('drink', 4_000)),
      payments: [
        { type: 'voucher', amountMinor: 5_000 },
        { type: 'cash', amountMinor: 5_000 },
      ],
    };
    const none = { dayPoints: 0, monthPoints: 0 };
    expect(accrue(policy, purchase, standingOn(policy.tiers, 0), none, anOccurrence()).points).toBe(50 + 40);
  });

  it('[L6] a refund of the line that a rule doubled takes back what that line earned, not its share of the money', () => {
    const { points, weights } = earned([drinks], bought(line('food', 10_000), line('drink', 10_000)));
    expect(points).toBe(400);
    const lines = [0, 1].map((place) => ({
      quantityMilli: 1_000,
      amountMinor: 10_000,
      counts: true,
      weight: weights?.[place],
    }));
    const lots = [{ lotId: 'lot', remaining: 400, expired: 0, expiresMs: undefined }];
    const back = takeBack({ points, lines, refunded: [], refundedUncredited: [], lots }, [
      { line: 1, quantityMilli: 1_000, amountMinor: 10_000 },
    ]);
    expect(back).toMatchObject({ fromLots: [{ taken: 300 }], countedMinor: 10_000 });
  });

  it('[L3][L6] whatever rules hold: more rules never earn less, and refunds of all lines take back exactly all', () => {
    const rule = fc.record({
      percent: fc.integer({ min: 101, max: 500 }),
      category: fc.constantFrom('food', 'drink', ''),
      stacking: fc.constantFrom(Stacking.ADD, Stacking.BEST_OF),
      perUnit: fc.boolean(),
    });
    const lines = fc.array(
      fc.tuple(fc.constantFrom('food', 'drink'), fc.nat(50_000), fc.integer({ min: 1, max: 9_000 })),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 6 }), lines, fc.infiniteStream(fc.nat(5)), (all, rows, order) => {
        const rules = all.map(({ percent, category, stacking, perUnit }, index) =>
          aRule({
            code: `rule-${index}`,
            stacking,
            gives: perUnit
              ? { $case: 'pointsPerUnit', value: percent }
              : { $case: 'multiplierPercent', value: percent },
            when: { categories: category ? [category] : [] },
          }),
        );
        const purchase = bought(...rows.map(([category, minor, milli]) => line(category, minor, milli)));
        const { points, weights } = earned(rules, purchase);
        expect(points).toBeGreaterThanOrEqual(earned(rules.slice(0, -1), purchase).points);
        const earnedLines = purchase.lines.map((each, place) => ({ ...each, counts: true, weight: weights?.[place] }));
        const refunded = purchase.lines.map(() => ({ quantityMilli: 0, amountMinor: 0 }));
        let remaining = points;
        const places = [...purchase.lines.keys()].sort(() => (order.next().value ?? 0) - 2);
        for (const place of places) {
          const { quantityMilli, amountMinor } = purchase.lines[place] as (typeof purchase.lines)[0];
          const lots = [{ lotId: 'lot', remaining, expired: 0, expiresMs: undefined }];
          const back = takeBack({ points, lines: earnedLines, refunded, refundedUncredited: [], lots }, [
            { line: place, quantityMilli, amountMinor },
          ]);
          if (back.outcome !== 'taken-back') throw new Error(back.reason);
          expect(back.owed).toBe(0);
          remaining -= back.fromLots.reduce((sum, { taken }) => sum + taken, 0);
          refunded[place] = { quantityMilli, amountMinor };
        }
        // A purchase of free lines has no money by which a refund could tell what they earned, unless by quantity.
        const hasMoney = purchase.totalMinor > 0 || weights !== undefined;
        expect(remaining).toBe(hasMoney ? 0 : points);
      }),
    );
  });
});
