import { describe, expect, it } from '@jest/globals';
import type { ImaginedPurchase } from '@regulars/contracts/loyalty/v1/simulations';
import { aPolicy, aRule } from '../../test/policies.js';
import { rulesOf } from '../programmes/rules.js';
import { faultsOfImagined, simulate } from './simulate.js';

function imagined(change: Partial<ImaginedPurchase> = {}): ImaginedPurchase {
  return {
    businessDate: '2026-11-28',
    time: '',
    storeId: '',
    channel: 'dine-in',
    lines: [{ sku: 'tea', name: '茶', category: 'drink', quantityMilli: 1_000, amountMinor: 10_000 }],
    payments: [],
    spentMinor: 0,
    tier: '',
    earnedThatDay: 0,
    earnedThatMonth: 0,
    onBirthday: false,
    ...change,
  };
}

const policy = aPolicy({ capPerDay: 300, rules: rulesOf([aRule({ when: { daysOfMonth: [28] } })]) });

describe('Simulating one purchase', () => {
  it('[L3] answers what it would earn by tier, rules and caps, and until when the points would count', () => {
    expect(simulate(policy, imagined()).accrued.points).toBe(200);
    expect(simulate(policy, imagined({ tier: 'gold' })).accrued.points).toBe(250);
    expect(simulate(policy, imagined({ spentMinor: 100_000 })).standing.tier.code).toBe('gold');
    expect(simulate(policy, imagined({ earnedThatDay: 250, earnedThatMonth: 250 })).accrued.points).toBe(50);
    expect(new Date(simulate(policy, imagined()).expiresMs ?? 0).toISOString()).toBe('2027-11-28T16:00:00.000Z');
  });

  it('[L3] tells every fault of what was imagined', () => {
    const lines = [{ ...(imagined().lines[0] as ImaginedPurchase['lines'][0]), quantityMilli: 0 }];
    const payments = [{ type: 'cash', amountMinor: 1 }];
    const faults = faultsOfImagined(
      imagined({ businessDate: '2026-02-30', time: '7', lines, payments, tier: 'tin' }),
      policy,
    );
    expect(faults.map(({ pointer }) => pointer)).toEqual([
      '/purchase/businessDate',
      '/purchase/time',
      '/purchase/lines/0/quantityMilli',
      '/purchase/payments',
      '/purchase/tier',
    ]);
  });
});
