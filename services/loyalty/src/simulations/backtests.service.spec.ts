import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestClock, type TestDatabase } from '@regulars/testing';
import { aMember, aPurchase, aStore, dayBefore, theTerms, today } from '../../test/chain.js';
import { loyaltyDatabase, Pod } from '../../test/pod.js';
import { aRule } from '../../test/policies.js';

describe('Backtests, on a real database', () => {
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

  const asked = (change: object = {}) => ({
    programmeId,
    version: 2,
    fromDate: dayBefore(today()),
    untilDate: today(),
    membersPercent: 100,
    requestedBy: 'wang',
    ...change,
  });

  it('[L3] replays what is stored by a draft, and books nothing', async () => {
    const members = Array.from({ length: 12 }, aMember);
    await pod.register(...members);
    await pod.post(members.map((by) => aPurchase({ at: store, by, minor: 10_000 })));
    await pod.post([aPurchase({ at: store, minor: 10_000 })]);
    await pod.programmes.draft('wang', programmeId, {
      ...theTerms(),
      rules: [aRule({ when: { categories: ['food'] } })],
    });
    const requested = await pod.backtests.request(asked());
    if (requested.outcome !== 'requested') throw new Error(requested.outcome);
    expect(await pod.backtests.find(programmeId, requested.row.backtestId)).toMatchObject({ finishedAt: null });
    const entries = await pod.rows(`SELECT count(*) FROM entry`);
    expect(await pod.backtests.runDue()).toBe(1);
    expect(await pod.backtests.runDue()).toBe(0);
    const { result } = (await pod.backtests.find(programmeId, requested.row.backtestId)) ?? {};
    expect(result).toMatchObject({
      purchases: 12,
      members: 12,
      pointsThen: 1_200,
      pointsNow: 2_400,
      gain: 12,
      lose: 0,
    });
    expect(result?.mostGained).toHaveLength(10);
    expect(await pod.rows(`SELECT count(*) FROM entry`)).toEqual(entries);
  });

  it('[L3] begins again after a kill, when the lease has ended', async () => {
    await pod.backtests.request(asked({ version: 1 }));
    await pod.rows(`UPDATE backtest SET lease_until = $1 WHERE finished_at IS NULL`, [
      new Date(clock.now().getTime() + 1_000),
    ]);
    expect(await pod.backtests.runDue()).toBe(0);
    clock.advance(2_000);
    expect(await pod.backtests.runDue()).toBe(1);
  });

  it('[L3] refuses what makes no sense with every fault, and versions that are not there', async () => {
    const wrong = asked({ fromDate: '2026-13-01', untilDate: 'x', membersPercent: 0 });
    expect(await pod.backtests.request(wrong)).toMatchObject({
      faults: [{ pointer: '/fromDate' }, { pointer: '/untilDate' }, { pointer: '/membersPercent' }],
    });
    expect(await pod.backtests.request(asked({ fromDate: '2020-01-01' }))).toMatchObject({
      faults: [{ pointer: '/untilDate' }],
    });
    expect(await pod.backtests.request(asked({ version: 9 }))).toEqual({ outcome: 'not-found' });
  });
});
