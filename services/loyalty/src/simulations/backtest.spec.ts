import { describe, expect, it } from '@jest/globals';
import { aPolicy, aRule } from '../../test/policies.js';
import { rulesOf } from '../programmes/rules.js';
import { Backtest, type PastPurchase } from './backtest.js';

const then = aPolicy();

function past(memberId: string, businessDate: string, minor: number, spentMinor = minor): PastPurchase {
  return {
    memberId,
    businessDate,
    storeId: 'store',
    timeZone: 'Asia/Shanghai',
    channel: 'dine-in',
    rungMs: Date.parse(`${businessDate}T04:00:00Z`),
    programmeVersion: 1,
    totalMinor: minor,
    lines: [['tea', '茶', 'drink', 1_000, minor]],
    payments: [['cash', minor]],
    points: Math.floor(minor / 100),
    spentMinor,
  };
}

function tried(policy: ReturnType<typeof aPolicy>, purchases: readonly PastPurchase[]) {
  const backtest = new Backtest(policy, () => then);
  for (const purchase of purchases) backtest.add(purchase);
  return backtest.result();
}

describe('Replaying a past period by another version', () => {
  it('[L3] changes nothing by the version that decided it', () => {
    const result = tried(then, [past('a', '2026-11-08', 10_000), past('b', '2026-11-09', 5_050)]);
    expect(result).toMatchObject({ purchases: 2, members: 2, pointsThen: 150, pointsNow: 150, same: 2, byRule: [] });
  });

  it('[L3] shows what it costs, who gains, who loses, and what each rule adds', () => {
    const memberDay = aRule({ when: { daysOfMonth: [8] } });
    const policy = aPolicy({ minimumMinor: 6_000, rules: rulesOf([memberDay]) });
    const result = tried(policy, [
      past('a', '2026-11-08', 10_000),
      past('a', '2026-11-09', 10_000),
      past('b', '2026-11-09', 5_000),
      past('c', '2026-11-09', 6_000),
    ]);
    expect(result).toMatchObject({ pointsThen: 310, pointsNow: 360, gain: 1, lose: 1, same: 1 });
    expect(result.mostGained).toEqual([{ memberId: 'a', then: 200, now: 300 }]);
    expect(result.mostLost).toEqual([{ memberId: 'b', then: 50, now: 0 }]);
    expect(result.byRule).toEqual([{ rule: 1, purchases: 1, points: 100 }]);
  });

  it('[L3] keeps the caps and the tiers of the other version, member by member', () => {
    const capped = aPolicy({ capPerDay: 120 });
    const day = '2026-11-09';
    expect(tried(capped, [past('a', day, 10_000), past('a', day, 10_000), past('b', day, 10_000)]).pointsNow).toBe(220);
    expect(tried(then, [past('a', day, 10_000, 110_000)]).pointsNow).toBe(150);
  });
});
