import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import { TestClock, type TestDatabase } from '@regulars/testing';
import { aMember, aPurchase, aStore, type TestStore, theTerms, today } from '../../test/chain.js';
import { loyaltyDatabase, Pod } from '../../test/pod.js';
import type { FoundDay } from './store-days.service.js';

describe('Reconciling on a real database', () => {
  const clock = new TestClock(new Date().toISOString());
  let database: TestDatabase;
  let one: Pod;
  let other: Pod;
  let store: TestStore;

  beforeAll(async () => {
    database = await loyaltyDatabase();
    one = await Pod.start(database.url, clock);
    other = await Pod.start(database.url, clock);
    store = aStore();
    await one.open(store, theTerms());
  });

  afterAll(async () => {
    await Promise.all([one.stop(), other.stop()]);
    await database.drop();
  });

  const page = { limit: 50, after: undefined };
  const by = (caller: string) => ({ caller, key: randomUUID() });

  function dayIn(found: FoundDay) {
    if (found.outcome !== 'found') throw new Error(found.reason);
    return found.day;
  }

  it('[L17] tells sums, missing numbers, conflicts and points against sales, till by till', async () => {
    const member = aMember();
    await one.register(member);
    const numbered = (number: number, minor: number, named = true) =>
      aPurchase({
        at: store,
        by: named ? member : undefined,
        minor,
        receiptNumber: `T1-${String(number).padStart(4, '0')}`,
      });
    const bought = [numbered(1, 10_000), numbered(2, 5_000), numbered(5, 700, false), numbered(7, 300)];
    await one.post(bought);
    const receipt = bought[1]?.receipt as Receipt;
    const refund = { ...receipt, receiptNumber: 'T1-0006' };
    await one.refund([{ refund, purchase: receipt, rungAt: new Date(), lines: [] }]);
    await one.post([numbered(2, 9_999)]);
    expect(dayIn(await other.storeDays.day(store.storeId, today()))).toMatchObject({
      currency: 'CNY',
      tills: [
        {
          tillId: store.tillId,
          posted: 4,
          postedMinor: 16_000,
          credited: 3,
          creditedMinor: 15_300,
          pending: 1,
          held: 0,
          pointsTold: 153,
          pointsBooked: 153,
          refunds: 1,
          pointsTakenBack: 50,
          openConflicts: 1,
          gaps: [{ first: 'T1-0003', last: 'T1-0004', missing: 2 }],
          missing: 2,
          isSequence: true,
        },
      ],
    });
    expect(await one.storeDays.day(randomUUID(), today())).toEqual({ outcome: 'refused', reason: 'STORE_UNKNOWN' });
  });

  it('[L17] records once what was done about a conflict, and by whom', async () => {
    const found = await one.conflicts.list([store.storeId], true, page);
    expect(found.page).toMatchObject([{ receiptNumber: 'T1-0002', kind: 'purchase', action: null }]);
    const { conflictId } = found.page[0] as { conflictId: string };
    const settling = { conflictId, action: 'posted-late', note: '已按 T1-0003 补录' } as const;
    const writing = by('manager');
    const both = await Promise.all([
      one.conflicts.settle(writing, settling),
      other.conflicts.settle(by('finance'), settling),
    ]);
    const kinds = both.map((each) => (each.outcome === 'done' ? 'done' : each.reason)).sort();
    expect(kinds).toEqual(['CONFLICT_SETTLED', 'done']);
    expect((await one.conflicts.list([store.storeId], true, page)).page).toEqual([]);
    const [settled] = (await one.conflicts.list(undefined, false, page)).page;
    expect(settled).toMatchObject({ action: 'posted-late', note: '已按 T1-0003 补录' });
    expect(dayIn(await one.storeDays.day(store.storeId, today())).tills).toMatchObject([
      { openConflicts: 0, settledConflicts: 1 },
    ]);
  });

  it('[L17] reports every day of a store once across replicas, and again from the beginning after a kill', async () => {
    await Promise.all([one.storeDays.planDays(), other.storeDays.planDays()]);
    expect(await one.storeDays.reportDue()).toBe(0);
    // The morning after. One replica leases the day and dies before it has written anything.
    clock.advance(36 * 3_600_000);
    await one.rows(`UPDATE store_day SET lease_until = $1, lease_token = gen_random_uuid()`, [
      new Date(clock.now().getTime() + 60_000),
    ]);
    expect(await one.storeDays.reportDue()).toBe(0);
    clock.advance(61_000);
    const made = await Promise.all([one.storeDays.reportDue(), other.storeDays.reportDue()]);
    expect(made[0] + made[1]).toBe(1);
    const { page: reports } = await one.storeDays.reports([store.storeId], page);
    expect(reports).toMatchObject([{ businessDate: today(), tills: [{ posted: 4, pointsTold: 153 }] }]);
    expect(await one.storeDays.reportDue()).toBe(0);
    clock.advance(1_000);
    const late = aPurchase({ at: store, receiptNumber: 'T1-0003', minor: 100 });
    await one.post([late]);
    expect(dayIn(await one.storeDays.day(store.storeId, today()))).toMatchObject({
      reportedAt: reports[0]?.madeAt,
      tills: [{ posted: 5, postedSinceReport: 1, gaps: [{ first: 'T1-0004', last: 'T1-0004' }] }],
    });
    expect((await one.storeDays.reports([store.storeId], page)).page).toEqual(reports);
  });
});
