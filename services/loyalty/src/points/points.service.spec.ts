import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestClock, type TestDatabase } from '@regulars/testing';
import { aMember, aPurchase, aStore, theTerms, today } from '../../test/chain.js';
import { loyaltyDatabase, Pod } from '../../test/pod.js';

const page = { limit: 50, after: undefined };

describe('What a member has, read from a real database', () => {
  const clock = new TestClock(new Date().toISOString());
  const store = aStore();
  const member = aMember();
  const { memberId } = member;
  let database: TestDatabase;
  let pod: Pod;
  let programmeId: string;

  beforeAll(async () => {
    database = await loyaltyDatabase();
    pod = await Pod.start(database.url, clock);
    programmeId = await pod.open(store, { ...theTerms(), expiry: { policy: { $case: 'rollingMonths', value: 1 } } });
    await pod.register(member);
    await pod.post([aPurchase({ at: store, by: member, minor: 60_000 })]);
    await pod.post([aPurchase({ at: store, by: member, minor: 1_050 })]);
    await pod.post([aPurchase({ at: store, by: member, minor: 0 })]);
  });

  afterAll(async () => {
    await pod.stop();
    await database.drop();
  });

  it('[L4][L7] answers the balance with tier and what ends next', async () => {
    const found = await pod.points.balance(memberId, undefined);
    expect(found).toMatchObject({
      outcome: 'found',
      balance: {
        programmeId,
        balance: 610,
        expiringPoints: 610,
        standing: { spentMinor: 61_050, missingMinor: 38_950 },
      },
    });
    expect(await pod.points.balance(memberId, aStore().storeId)).toEqual({ outcome: 'no-account' });
    expect(await pod.points.balance(aMember().memberId, undefined)).toEqual({ outcome: 'no-account' });
  });

  it('[L4] lists entries newest first, page by page, also the one of a purchase that earned nothing', async () => {
    const first = await pod.points.entries(memberId, programmeId, { ...page, limit: 2 });
    if (first.outcome !== 'found') throw new Error(first.outcome);
    expect(first.page.map(({ memberSeq, points }) => [memberSeq, points])).toEqual([
      [3, 0],
      [2, 10],
    ]);
    const after = JSON.parse(Buffer.from(first.nextCursor, 'base64url').toString()) as number[];
    const rest = await pod.points.entries(memberId, programmeId, { limit: 2, after });
    expect(rest).toMatchObject({ page: [{ memberSeq: 1, balanceAfter: 600 }], nextCursor: '' });
  });

  it('[L3] explains an entry from what was stored with it', async () => {
    const list = await pod.points.entries(memberId, programmeId, page);
    const entryId = list.outcome === 'found' ? (list.page[1]?.entryId ?? '') : '';
    const explained = await pod.points.explain(entryId);
    expect(explained).toMatchObject({ points: 10, programmeVersion: 1 });
    expect(explained?.steps.map(([code]) => code)).toEqual(['counted-amount', 'base-accrual', 'rounding']);
  });

  it('[L5] states a month by when entries were booked, opening and closing with the months beside it', async () => {
    const thisMonth = await pod.points.statement(memberId, programmeId, monthOf(clock.now()), page);
    expect(thisMonth).toMatchObject({ opening: 0, closing: 610, earned: 610, taken: 0 });
    if (thisMonth.outcome !== 'found') throw new Error(thisMonth.outcome);
    expect(thisMonth.page.map(({ memberSeq }) => memberSeq)).toEqual([1, 2, 3]);
    const later = new Date(clock.now());
    later.setUTCMonth(later.getUTCMonth() + 2, 15);
    const next = await pod.points.statement(memberId, programmeId, monthOf(later), page);
    expect(next).toMatchObject({ opening: 610, closing: 610, earned: 0, page: [] });
  });

  it('[L5] no longer counts points that have ended, before anything is booked for it', async () => {
    const before = clock.now().toISOString();
    clock.advance(40 * 86_400_000);
    expect(await pod.points.balance(memberId, programmeId)).toMatchObject({
      balance: { balance: 0, expiringPoints: 0, expiringAt: null },
    });
    clock.set(before);
  });

  it('[L4] keeps posting times of a member in order when a replica has a clock that is behind', async () => {
    clock.advance(-60_000);
    await pod.post([aPurchase({ at: store, by: member, minor: 100, businessDate: today() })]);
    const times = await pod.rows<{ posted_at: Date }>(
      `SELECT posted_at FROM entry WHERE member_id = $1 ORDER BY member_seq`,
      [memberId],
    );
    const sorted = [...times].sort((a, b) => a.posted_at.getTime() - b.posted_at.getTime());
    expect(times).toEqual(sorted);
  });
});

function monthOf(instant: Date): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai', year: 'numeric', month: '2-digit' }).format(
    instant,
  );
}
