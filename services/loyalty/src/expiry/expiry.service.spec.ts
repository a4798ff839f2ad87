import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestClock, type TestDatabase } from '@regulars/testing';
import { aMember, aPurchase, aStore, type TestMember, theTerms } from '../../test/chain.js';
import { loyaltyDatabase, Pod } from '../../test/pod.js';

const page = { limit: 50, after: undefined };
const DAY_MS = 86_400_000;

describe('Points that end, on a real database', () => {
  const start = new Date().toISOString();
  const clock = new TestClock(start);
  const store = aStore();
  let database: TestDatabase;
  let pod: Pod;
  let other: Pod;
  let programmeId: string;

  beforeAll(async () => {
    database = await loyaltyDatabase();
    pod = await Pod.start(database.url, clock);
    other = await Pod.start(database.url, clock);
    const terms = {
      ...theTerms(),
      expiry: { policy: { $case: 'rollingMonths', value: 1 } } as const,
      expiryWarningDays: 10,
    };
    programmeId = await pod.open(store, terms);
  });

  afterAll(async () => {
    await Promise.all([pod.stop(), other.stop()]);
    await database.drop();
  });

  async function earn(member: TestMember, minor: number): Promise<void> {
    await pod.register(member);
    await pod.post([aPurchase({ at: store, by: member, minor })]);
  }

  async function bookAll(by: Pod = pod): Promise<void> {
    while ((await by.expiry.bookDue()) > 0);
  }

  const events = (memberId: string, type: string) =>
    pod.rows<{ payload: Record<string, unknown>; member_seq: number | null }>(
      `SELECT payload, member_seq FROM outbox WHERE aggregateid = $1 AND type = $2 ORDER BY ord`,
      [memberId, `regulars.loyalty.v1.${type}`],
    );

  it('[L4][L5] books every lot that has ended once, with an entry and an event, whoever else books at the same time', async () => {
    clock.set(start);
    const members = Array.from({ length: 30 }, aMember);
    for (const member of members) await earn(member, 10_000);
    clock.advance(40 * DAY_MS);
    await Promise.all([bookAll(pod), bookAll(other)]);
    const [sums] = await pod.rows(
      `SELECT sum(balance)::bigint AS balances, (SELECT sum(points)::bigint FROM entry) AS entries,
         (SELECT sum(remaining)::bigint FROM lot) AS lots, (SELECT sum(expired)::bigint FROM lot) AS expired,
         (SELECT count(*) FROM entry WHERE kind = 'expire') AS ends, count(next_expiry_at) AS due FROM account`,
    );
    expect(sums).toEqual({ balances: 0, entries: 0, lots: 0, expired: 3_000, ends: 30, due: 0 });
    const memberId = members[0]?.memberId ?? '';
    const [event] = await events(memberId, 'PointsExpired');
    expect(event).toMatchObject({ member_seq: 2, payload: { points: 100, memberSeq: 2 } });
    const found = await pod.points.entries(memberId, programmeId, page);
    expect(found).toMatchObject({ page: [{ kind: 'expire', points: -100, balanceAfter: 0 }, { points: 100 }] });
  });

  it('[L5] leaves what has not ended, and states the month with what ended in it', async () => {
    clock.set(start);
    const member = aMember();
    await earn(member, 10_000);
    clock.advance(20 * DAY_MS);
    await pod.post([aPurchase({ at: store, by: member, minor: 5_000, businessDate: dateOf(clock.now()) })]);
    clock.advance(20 * DAY_MS);
    await bookAll();
    expect(await pod.points.balance(member.memberId, programmeId)).toMatchObject({
      balance: { balance: 50, expiringPoints: 50 },
    });
    const month = dateOf(clock.now()).slice(0, 7);
    expect(await pod.points.statement(member.memberId, programmeId, month, page)).toMatchObject({
      taken: -100,
      closing: 50,
    });
  });

  it('[L5] warns once of everything that ends within the days of the programme, and again of what ends later', async () => {
    clock.set(start);
    const member = aMember();
    await earn(member, 10_000);
    clock.advance(3 * DAY_MS);
    await pod.post([aPurchase({ at: store, by: member, minor: 7_000, businessDate: dateOf(clock.now()) })]);
    clock.advance(14 * DAY_MS);
    await pod.post([aPurchase({ at: store, by: member, minor: 2_000, businessDate: dateOf(clock.now()) })]);
    await pod.expiry.warnDue();
    expect(await events(member.memberId, 'PointsExpiring')).toEqual([]);
    clock.advance(8 * DAY_MS);
    while ((await pod.expiry.warnDue()) > 0);
    await other.expiry.warnDue();
    expect((await events(member.memberId, 'PointsExpiring')).map(({ payload }) => payload.points)).toEqual([170]);
    clock.advance(14 * DAY_MS);
    await bookAll();
    while ((await pod.expiry.warnDue()) > 0);
    expect((await events(member.memberId, 'PointsExpiring')).map(({ payload }) => payload.points)).toEqual([170, 20]);
  });

  it('[L6] owes nothing for a refund of points that ended and were booked', async () => {
    clock.set(start);
    const member = aMember();
    await pod.register(member);
    const purchase = aPurchase({ at: store, by: member, minor: 10_000 });
    await pod.post([purchase]);
    clock.advance(40 * DAY_MS);
    await bookAll();
    const businessDate = dateOf(clock.now());
    const refund = { ...purchase.receipt, receiptNumber: 'refund', businessDate } as NonNullable<
      typeof purchase.receipt
    >;
    const [result] = await pod.refund([{ purchase: purchase.receipt, refund, rungAt: new Date(0), lines: [] }]);
    expect(result?.outcome).toMatchObject({ $case: 'takenBack', value: { pointsTaken: 0, pointsOwed: 0, balance: 0 } });
  });
});

function dateOf(moment: Date): string {
  return new Date(moment.getTime() + 4 * 3_600_000).toISOString().slice(0, 10);
}
