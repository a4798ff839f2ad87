import { describe, expect, it } from '@jest/globals';
import { HoldReason } from '@regulars/contracts/loyalty/v1/purchases';
import fc from 'fast-check';
import { theTerms } from '../../test/chain.js';
import { faultsOfTerms } from '../programmes/terms.js';
import { causeInWords } from './hold.js';
import { type Limits, limitsOf } from './hold-limits.js';
import { type Movement, mostWithin, Watch } from './watch.js';

const MINUTE_MS = 60_000;
const nothing: Limits = {
  memberPurchases: undefined,
  tillPurchases: undefined,
  tillMembers: undefined,
  memberRefundsOfSpent: undefined,
};

function at(minute: number, change: Partial<Movement> = {}): Movement {
  const sourceId = `s${minute}-${change.memberId ?? 'lin'}-${change.kind ?? ''}`;
  const base = { kind: 'purchase', programmeId: 'p', memberId: 'lin', tillId: 't1' } as const;
  return { ...base, sourceId, rungMs: minute * MINUTE_MS, ...change };
}

describe('Suspicious purchases', () => {
  it('[L15] finds the fullest stretch that contains the purchase, wherever it begins', () => {
    const minutes = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 30 });
    fc.assert(
      fc.property(minutes, fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 20 }), (others, own, length) => {
        const all = [...others, own];
        const counts = all
          .filter((from) => from <= own && own < from + length)
          .map((from) => all.filter((each) => each >= from && each < from + length).length);
        const movements = all.map((minute, index) => at(minute, { sourceId: String(index) }));
        const found = mostWithin(movements, own * MINUTE_MS, length * MINUTE_MS, ({ sourceId }) => sourceId);
        expect(found).toBe(Math.max(...counts));
      }),
    );
  });

  it('[L15] holds what is more than allowed, in whatever order it is handed in', () => {
    const limits = { ...nothing, memberPurchases: { most: 3, withinMinutes: 10 } };
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 2, 4, 6, 8], { minLength: 5 }), (minutes) => {
        const watch = new Watch([]);
        const held = minutes.filter((minute) => {
          const causes = watch.causesFor(limits, at(minute));
          watch.remember(at(minute));
          return causes.length > 0;
        });
        expect(held).toHaveLength(2);
      }),
    );
  });

  it('[L15] tells everything that was too much, with what was counted', () => {
    const limits = {
      memberPurchases: { most: 1, withinMinutes: 60 },
      tillPurchases: { most: 2, withinMinutes: 60 },
      tillMembers: { most: 2, withinMinutes: 60 },
      memberRefundsOfSpent: { most: 0, withinMinutes: 60 },
    };
    const watch = new Watch([
      at(1),
      at(2, { memberId: 'wang' }),
      at(3, { memberId: 'zhou' }),
      at(4, { kind: 'refund-of-spent' }),
    ]);
    expect(watch.causesFor(limits, at(5))).toEqual([
      { reason: HoldReason.MEMBER_VELOCITY, measured: 2, most: 1, withinMinutes: 60 },
      { reason: HoldReason.TILL_VELOCITY, measured: 4, most: 2, withinMinutes: 60 },
      { reason: HoldReason.MANY_MEMBERS_AT_TILL, measured: 3, most: 2, withinMinutes: 60 },
      { reason: HoldReason.REFUNDS_AFTER_REDEMPTION, measured: 1, most: 0, withinMinutes: 60 },
    ]);
    expect(watch.causesFor(limits, at(90))).toEqual([]);
    expect(watch.causesFor(nothing, at(5))).toEqual([]);
  });

  it('[L15] says why in both languages', () => {
    const cause = { reason: HoldReason.TILL_VELOCITY, measured: 9, most: 8, withinMinutes: 5 };
    expect(causeInWords(cause)).toEqual({
      zhCn: '该收银机短时间内会员消费次数：5 分钟内 9，上限 8',
      en: 'Purchases of members at the till in a short time: 9 within 5 minutes, 8 allowed',
    });
  });
});

describe('Drafted limits', () => {
  it('[L15] are told every fault at once, and are off where nothing is set', () => {
    const holdLimits = {
      memberPurchases: { most: 0, withinMinutes: 0 },
      tillPurchases: { most: 501, withinMinutes: 1_441 },
      tillMembers: undefined,
      memberRefundsOfSpent: { most: 0, withinMinutes: 60 },
    };
    expect(faultsOfTerms({ ...theTerms(), holdLimits }).map(({ pointer }) => pointer)).toEqual([
      '/terms/holdLimits/memberPurchases/most',
      '/terms/holdLimits/memberPurchases/withinMinutes',
      '/terms/holdLimits/tillPurchases/most',
      '/terms/holdLimits/tillPurchases/withinMinutes',
    ]);
    expect(limitsOf(undefined)).toBeUndefined();
    expect(limitsOf(nothing)).toBeUndefined();
  });
});
