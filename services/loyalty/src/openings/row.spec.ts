import { describe, expect, it } from '@jest/globals';
import { theTerms } from '../../test/chain.js';
import { policyOf } from '../programmes/policy.js';
import { type Ground, readRow } from './row.js';

const reviews = { everyMonths: 12, noticeDays: 30, graceDays: 0 };
const ground: Ground = {
  policy: policyOf(1, '2026-01-01', { ...theTerms(), tierReview: reviews }),
  today: '2026-11-22',
  nowMs: Date.parse('2026-11-22T06:00:00Z'),
};
const read = (row: object, on: Ground = ground) => readRow(7, JSON.stringify(row), on);

describe('A row of an opening', () => {
  it('[L16][L5] keeps the end that a lot had, and gives one without an end that of the programme', () => {
    const row = read({
      externalId: 'C-1',
      memberNumber: '8600001234',
      lots: [
        { points: 100, expiresOn: '2027-03-31' },
        { points: 50, earnedOn: '2026-10-01' },
        { points: 20 },
        { points: 5, expiresOn: null },
      ],
    });
    expect(row).toMatchObject({
      line: 7,
      externalId: 'C-1',
      brought: {
        lots: [
          { points: 100, expiresMs: Date.parse('2027-04-01T00:00:00+08:00') },
          { points: 50, expiresMs: Date.parse('2027-10-02T00:00:00+08:00') },
          { points: 20, expiresMs: Date.parse('2027-11-23T00:00:00+08:00') },
          { points: 5, expiresMs: null },
        ],
      },
    });
  });

  it('[L16] is refused with every fault and where it is', () => {
    const faults = read({
      externalId: '',
      lots: [{ points: 0 }, { points: 1.5, expiresOn: 'soon' }],
      colour: 'red',
    });
    expect(faults).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ line: 7, pointer: '/externalId', reason: 'MALFORMED' }),
        expect.objectContaining({ pointer: '/lots/0/points' }),
        expect.objectContaining({ pointer: '/lots/1/points' }),
        expect.objectContaining({ pointer: '/lots/1/expiresOn' }),
        expect.objectContaining({ pointer: '' }),
      ]),
    );
    expect(readRow(1, '{', ground)).toMatchObject([{ reason: 'MALFORMED_JSON' }]);
    expect(readRow(1, 'null', ground)).toMatchObject([{ reason: 'MALFORMED' }]);
    expect(read({ externalId: 'C-1' })).toMatchObject([{ reason: 'MALFORMED', pointer: '' }]);
  });

  it('[L16][L5] brings in nothing that has ended, and nothing of tomorrow', () => {
    expect(read({ externalId: 'a', lots: [{ points: 1, expiresOn: '2026-11-21' }] })).toMatchObject([
      { pointer: '/lots/0/expiresOn', reason: 'ENDED' },
    ]);
    expect(read({ externalId: 'a', lots: [{ points: 1, earnedOn: '2025-11-21' }] })).toMatchObject([
      { pointer: '/lots/0/earnedOn', reason: 'ENDED' },
    ]);
    expect(read({ externalId: 'a', lots: [{ points: 1, earnedOn: '2026-11-23' }] })).toMatchObject([
      { pointer: '/lots/0/earnedOn', reason: 'MALFORMED' },
    ]);
    expect(read({ externalId: 'a', history: [{ date: '2026-11-23', spentMinor: 1 }] })).toMatchObject([
      { pointer: '/history/0/date' },
    ]);
  });

  it('[L16][L7] has a tier of the ladder with its end, where the programme keeps tiers', () => {
    const tiered = { externalId: 'a', tier: 'gold', tierUntil: '2027-06-30' };
    expect(read(tiered)).toMatchObject({ brought: { tier: { code: 'gold', until: '2027-06-30' } } });
    expect(read({ ...tiered, tier: 'brass' })).toMatchObject([{ pointer: '/tier', reason: 'TIER_UNKNOWN' }]);
    expect(read({ ...tiered, tierUntil: undefined })).toMatchObject([{ pointer: '/tierUntil' }]);
    expect(read({ ...tiered, tierUntil: '2026-11-21' })).toMatchObject([{ pointer: '/tierUntil', reason: 'ENDED' }]);
    const keepsNone = { ...ground, policy: policyOf(1, '2026-01-01', theTerms()) };
    expect(read(tiered, keepsNone)).toMatchObject([{ pointer: '/tier', reason: 'TIERS_NOT_KEPT' }]);
  });
});
