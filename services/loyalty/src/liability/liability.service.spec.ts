import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestClock, type TestDatabase } from '@regulars/testing';
import { aMember, aPurchase, aStore, theTerms } from '../../test/chain.js';
import { loyaltyDatabase, Pod } from '../../test/pod.js';

describe('What a programme owes, on a real database', () => {
  const clock = new TestClock(new Date().toISOString());
  const store = aStore();
  let database: TestDatabase;
  let pod: Pod;
  let programmeId: string;

  beforeAll(async () => {
    database = await loyaltyDatabase();
    pod = await Pod.start(database.url, clock);
    programmeId = await pod.open(store, theTerms());
  });

  afterAll(async () => {
    await pod.stop();
    await database.drop();
  });

  it('[L4] equals the sum of the balances, with debts and with points that ended but are not booked', async () => {
    const members = [aMember(), aMember(), aMember()];
    await pod.register(...members);
    const purchases = members.map((by) => aPurchase({ at: store, by, minor: 10_000 }));
    await pod.post(purchases);
    const [spender, ender] = members.map(({ memberId }) => memberId);
    await pod.rows(`UPDATE lot SET remaining = 40 WHERE member_id = $1`, [spender]);
    await pod.rows(`UPDATE account SET balance = 40 WHERE member_id = $1`, [spender]);
    const [first] = purchases;
    const refund = { ...first?.receipt, receiptNumber: 'back' } as NonNullable<NonNullable<typeof first>['receipt']>;
    await pod.refund([{ purchase: first?.receipt, refund, rungAt: new Date(0), lines: [] }]);
    await pod.rows(`UPDATE lot SET expires_at = $2 WHERE member_id = $1`, [ender, new Date(clock.now().getTime() - 1)]);
    const owed = await pod.liability.of(programmeId);
    expect(owed).toMatchObject({ liability: 40, balances: 40, debts: 60, rateE4: undefined });
    expect(owed?.cohorts).toMatchObject([{ issued: 300, used: 100, ended: 100, remaining: 100, expectedBreakage: 0 }]);
    expect(await pod.liability.of(store.storeId)).toBeUndefined();
  });
});
