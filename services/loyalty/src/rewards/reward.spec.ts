import { describe, expect, it } from '@jest/globals';
import { RewardKind } from '@regulars/contracts/loyalty/v1/rewards';
import { aReward } from '../../test/rewards.js';
import { faultsOfReward, type Wish, whyNot } from './reward.js';

const programmeId = '0197c2f0-0000-7000-8000-000000000001';
const storeId = '0197c2f0-0000-7000-8000-000000000002';
const wish: Wish = {
  programmeId,
  storeId,
  businessDate: '2026-05-10',
  tier: undefined,
  quantity: 1,
  redeemedBefore: 0,
};
const row = (change: Parameters<typeof aReward>[1]) => ({
  rewardId: 'r',
  terms: aReward(programmeId, change),
  stock: null,
});

describe('A reward', () => {
  it('[L8] is told every fault at once, with its place', () => {
    const faulty = aReward(programmeId, {
      code: 'a b',
      nameZh: ' ',
      kind: RewardKind.UNSPECIFIED,
      points: 0,
      valueMinor: -1,
      validFrom: '2026-02-30',
      storeIds: ['Bund'],
    });
    expect(faultsOfReward(faulty, -1).map(({ pointer }) => pointer)).toEqual([
      '/code',
      '/nameZh',
      '/kind',
      '/points',
      '/valueMinor',
      '/storeIds',
      '/validFrom',
      '/stock',
    ]);
    expect(faultsOfReward(aReward(programmeId), 5)).toEqual([]);
    expect(faultsOfReward(aReward(programmeId, { validUntil: '2019-12-31' }), undefined)).toHaveLength(1);
    expect(faultsOfReward(aReward(programmeId, { kind: RewardKind.MONEY_OFF, valueMinor: 0 }), 1)).toHaveLength(1);
  });

  it('[L8] is refused with the reason: programme, store, days, tier, limit of the member', () => {
    expect(whyNot(row({}), wish)).toBeUndefined();
    expect(whyNot(row({}), { ...wish, programmeId: storeId })).toBe('REWARD_NOT_OF_PROGRAMME');
    expect(whyNot(row({ storeIds: [programmeId] }), wish)).toBe('REWARD_NOT_AT_STORE');
    expect(whyNot(row({ storeIds: [storeId] }), wish)).toBeUndefined();
    expect(whyNot(row({ validFrom: '2026-05-11' }), wish)).toBe('REWARD_NOT_YET_VALID');
    expect(whyNot(row({ validUntil: '2026-05-09' }), wish)).toBe('REWARD_ENDED');
    expect(whyNot(row({ validUntil: '2026-05-10' }), wish)).toBeUndefined();
    expect(whyNot(row({ tiers: ['gold'] }), { ...wish, tier: 'regular' })).toBe('TIER_NOT_ELIGIBLE');
    expect(whyNot(row({ tiers: ['gold'] }), { ...wish, tier: 'gold' })).toBeUndefined();
    expect(whyNot(row({ perMember: 2 }), { ...wish, redeemedBefore: 1, quantity: 2 })).toBe('LIMIT_REACHED');
    expect(whyNot(row({ perMember: 2 }), { ...wish, redeemedBefore: 1 })).toBeUndefined();
  });
});
