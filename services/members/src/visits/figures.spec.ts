import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { figuresOf, mealOf } from './figures.js';
import { type Back, differencesOf, type Line, type Visit } from './visit.js';

const today = '2026-11-20';
const noodles: Line = ['N1', '牛肉面', 'noodles', 1_000, 3_200];
const tea: Line = ['T1', '茉莉花茶', 'tea', 2_000, 2_400];

let count = 0;

/** A visit of two, with noodles and tea, unless told otherwise. */
function aVisit(told: Partial<Visit> & { on?: string; at?: string } = {}): Visit {
  count += 1;
  const { on = '2026-11-10', at = '11:30', ...rest } = told;
  const lines = rest.lines ?? [noodles, tea];
  return {
    purchaseId: `0199c0de-0000-7000-8000-${String(count).padStart(12, '0')}`,
    programmeId: 'p',
    storeId: 'bund',
    businessDate: on,
    rungAt: new Date(`${on}T${at}:00+08:00`),
    offsetMinutes: 480,
    currency: 'CNY',
    totalMinor: lines.reduce((sum, [, , , , amount]) => sum + amount, 0),
    channel: 'dine-in',
    partySize: 2,
    givenBack: [],
    ...rest,
    lines,
  };
}

describe('What the visits of a member come to', () => {
  it('[M7] tells rhythm, first and last day, and how many visits there were lately', () => {
    const visits = ['2025-12-01', '2026-09-20', '2026-11-01', '2026-11-11', '2026-11-11'].map((on) => aVisit({ on }));
    expect(figuresOf(visits, today)).toMatchObject({
      visits: 5,
      days: 4,
      firstOn: '2025-12-01',
      lastOn: '2026-11-11',
      averageDaysBetween: 115,
      last30Days: 3,
      last90Days: 4,
      last365Days: 5,
    });
  });

  it('[M7] tells favourite dishes and categories by visits, then by quantity, under the name printed last', () => {
    const more: Line = ['D1', '小笼包', 'dumplings', 3_000, 4_500];
    const renamed: Line = ['N1', '红烧牛肉面', 'noodles', 1_000, 3_400];
    const visits = [
      aVisit({ on: '2026-11-12', lines: [renamed] }),
      aVisit({ lines: [noodles, more] }),
      aVisit({ lines: [more, tea, tea] }),
    ];
    const { dishes, categories } = figuresOf(visits, today);
    expect(dishes).toEqual([
      { code: 'D1', name: '小笼包', visits: 2, quantityMilli: 6_000, amountMinor: 9_000 },
      { code: 'N1', name: '红烧牛肉面', visits: 2, quantityMilli: 2_000, amountMinor: 6_600 },
      { code: 'T1', name: '茉莉花茶', visits: 1, quantityMilli: 4_000, amountMinor: 4_800 },
    ]);
    expect(categories.map(({ code }) => code)).toEqual(['dumplings', 'noodles', 'tea']);
  });

  it.each([
    ['07:00', 'breakfast'],
    ['10:29', 'breakfast'],
    ['10:30', 'lunch'],
    ['15:00', 'afternoon'],
    ['17:00', 'dinner'],
    ['23:30', 'night'],
    ['02:00', 'night'],
  ])('[M7] takes a visit at %s by the till’s clock for %s', (at, meal) => {
    expect(mealOf(aVisit({ at }))).toBe(meal);
  });

  it('[M7] tells party sizes, stores and channels, the most frequent first', () => {
    const visits = [
      aVisit({ partySize: 4, storeId: 'xuhui', channel: 'takeaway' }),
      aVisit({ partySize: 2 }),
      aVisit({ partySize: 0 }),
      aVisit({ partySize: 3 }),
      aVisit({ partySize: 4 }),
    ];
    const { stores, channels, parties, averagePartySize, usualPartySize } = figuresOf(visits, today);
    expect(stores).toEqual([
      { code: 'bund', visits: 4 },
      { code: 'xuhui', visits: 1 },
    ]);
    expect(channels[0]).toEqual({ code: 'dine-in', visits: 4 });
    expect([parties, averagePartySize, usualPartySize]).toEqual([4, 3.3, 4]);
  });

  it('[M7][L6] takes off what was given back, and leaves out a visit of which nothing is left', () => {
    const partly = aVisit({ givenBack: [[1, 1_000, 1_200]] });
    const whole = aVisit({ on: '2026-11-19', givenBack: [[0, 1_000, 3_200] as Back, [1, 2_000, 2_400]] });
    const { visits, lastOn, spending, dishes } = figuresOf([partly, whole], today);
    expect([visits, lastOn, spending]).toEqual([1, '2026-11-10', [{ currency: 'CNY', totalMinor: 4_400 }]]);
    expect(dishes.find(({ code }) => code === 'T1')).toMatchObject({ quantityMilli: 1_000, amountMinor: 1_200 });
  });

  it('[M7] does not depend on the order of visits, nor on how refunds are split', () => {
    const days = fc.integer({ min: 1, max: 28 }).map((day) => `2026-11-${String(day).padStart(2, '0')}`);
    const visits = fc.array(fc.record({ on: days, partySize: fc.integer({ min: 0, max: 6 }) }), { maxLength: 12 });
    fc.assert(
      fc.property(visits, fc.integer({ min: 0, max: 5 }), (told, turn) => {
        const split = told.map((each) => aVisit({ ...each, givenBack: [[1, 500, 600] as Back, [1, 1_500, 1_800]] }));
        const joined = split.map((visit) => ({ ...visit, givenBack: [[1, 2_000, 2_400] as Back] }));
        const turned = [...joined.slice(turn), ...joined.slice(0, turn)];
        expect(figuresOf(turned, today)).toEqual(figuresOf(split, today));
        expect(differencesOf(turned, split)).toEqual([]);
      }),
    );
  });

  it('[M7] names what is missing, too much or otherwise than booked', () => {
    const [same, changed, extra, missing] = [aVisit(), aVisit(), aVisit(), aVisit()] as [Visit, Visit, Visit, Visit];
    const booked = [same, { ...changed, givenBack: [[0, 1_000, 3_200] as Back] }, missing];
    expect(differencesOf([same, changed, extra], booked)).toEqual([
      { purchaseId: changed.purchaseId, kind: 'otherwise' },
      { purchaseId: extra.purchaseId, kind: 'surplus' },
      { purchaseId: missing.purchaseId, kind: 'missing' },
    ]);
  });
});
