import { randomUUID } from 'node:crypto';
import { RewardKind, type RewardTerms } from '@regulars/contracts/loyalty/v1/rewards';
import type { RedemptionRow } from '../src/redemptions/redemption.js';
import type { Reserved, Reserving } from '../src/redemptions/redemptions.service.js';
import type { TestMember, TestStore } from './chain.js';

/** A bowl of noodles for 100 points, for everybody, everywhere, without end; changed as told. */
export function aReward(programmeId: string, change: Partial<RewardTerms> = {}): RewardTerms {
  return {
    programmeId,
    code: 'NOODLES',
    nameZh: '牛肉面',
    nameEn: 'Beef noodles',
    kind: RewardKind.DISH,
    points: 100,
    valueMinor: 3_800,
    perMember: 0,
    tiers: [],
    storeIds: [],
    validFrom: '2020-01-01',
    validUntil: '',
    ...change,
  };
}

/** What a till asks for one reward, under a key of its own; changed as told. */
export function aReserving(
  at: TestStore,
  by: TestMember,
  rewardId: string,
  change: Partial<Reserving> = {},
): Reserving {
  return {
    caller: at.tillId,
    key: randomUUID(),
    member: { by: { $case: 'memberId', value: by.memberId } },
    storeId: at.storeId,
    tillId: at.tillId,
    rewardId,
    quantity: 1,
    holdSeconds: 900,
    ...change,
  };
}

/** Asks again, with the same key, as a till does when a crowd left no connection free in time. */
export async function persistently<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes('timeout exceeded')) throw error;
    }
  }
}

/** A redemption at a till, whatever it is refused for. */
export function reservedIn(result: Reserved): RedemptionRow {
  if (result.outcome !== 'done') throw new Error(JSON.stringify(result));
  return result.row;
}
