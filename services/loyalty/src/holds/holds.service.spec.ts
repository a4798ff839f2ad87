import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HoldLimits } from '@regulars/contracts/loyalty/v1/programmes';
import {
  HoldReason,
  type PostPurchaseResult,
  type Purchase,
  type Receipt,
} from '@regulars/contracts/loyalty/v1/purchases';
import { TestClock, type TestDatabase } from '@regulars/testing';
import { aMember, aPurchase, aStore, type TestMember, type TestStore, theTerms } from '../../test/chain.js';
import { loyaltyDatabase, Pod } from '../../test/pod.js';
import { stepsInWords } from '../points/explain.js';

const off: HoldLimits = {
  memberPurchases: undefined,
  tillPurchases: undefined,
  tillMembers: undefined,
  memberRefundsOfSpent: undefined,
};

describe('Holding suspicious purchases on a real database', () => {
  const clock = new TestClock(new Date().toISOString());
  let database: TestDatabase;
  let one: Pod;
  let other: Pod;

  beforeAll(async () => {
    database = await loyaltyDatabase();
    one = await Pod.start(database.url, clock);
    other = await Pod.start(database.url, clock);
  });

  afterAll(async () => {
    await Promise.all([one.stop(), other.stop()]);
    await database.drop();
  });

  const by = (caller: string) => ({ caller, key: randomUUID() });
  const page = { limit: 50, after: undefined };

  async function chain(limits: Partial<HoldLimits>): Promise<TestStore> {
    const store = aStore();
    const holdLimits = { ...off, ...limits };
    await one.open(store, { ...theTerms(), holdLimits }, randomUUID().slice(0, 8).toUpperCase());
    return store;
  }

  async function guests(count: number): Promise<TestMember[]> {
    const members = Array.from({ length: count }, aMember);
    await one.register(...members);
    return members;
  }

  const outcomes = (results: readonly PostPurchaseResult[]) => results.map(({ outcome }) => outcome?.$case);
  const countOf = (results: readonly PostPurchaseResult[], what: string) =>
    outcomes(results).filter((each) => each === what).length;

  async function sums({ memberId }: TestMember) {
    const [row] = await one.rows<{ balance: number; entries: number; lots: number }>(
      `SELECT coalesce((SELECT balance FROM account WHERE member_id = $1), 0)::bigint AS balance,
         coalesce((SELECT sum(points) FROM entry WHERE member_id = $1), 0)::bigint AS entries,
         coalesce((SELECT sum(remaining) FROM lot WHERE member_id = $1), 0)::bigint
           - coalesce((SELECT debt FROM account WHERE member_id = $1), 0) AS lots`,
      [memberId],
    );
    expect([row?.entries, row?.lots]).toEqual([row?.balance, row?.balance]);
    return row?.balance;
  }

  it('[L15] credits exactly as many purchases of a member as allowed, posted to two replicas at once', async () => {
    const store = await chain({ memberPurchases: { most: 5, withinMinutes: 60 } });
    const [member] = await guests(1);
    const posted = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? one : other).post([aPurchase({ at: store, by: member })])),
    );
    const results = posted.flat();
    expect([countOf(results, 'credited'), countOf(results, 'held')]).toEqual([5, 15]);
    expect(await sums(member as TestMember)).toBe(250);
  });

  it('[L15] credits exactly as many members at a till as allowed, posted to two replicas at once', async () => {
    const store = await chain({ tillMembers: { most: 4, withinMinutes: 30 } });
    const members = await guests(16);
    const posted = await Promise.all(
      members.map((member, index) => (index % 2 ? one : other).post([aPurchase({ at: store, by: member })])),
    );
    const results = posted.flat();
    expect([countOf(results, 'credited'), countOf(results, 'held')]).toEqual([4, 12]);
    const held = results.find(({ outcome }) => outcome?.$case === 'held')?.outcome;
    expect(held).toMatchObject({ value: { reason: HoldReason.MANY_MEMBERS_AT_TILL } });
  });

  it('[L15] keeps the claims of other people’s receipts waiting when they are too many', async () => {
    const store = await chain({ memberPurchases: { most: 1, withinMinutes: 60 } });
    const [cashier] = (await guests(1)) as [TestMember];
    const left = [aPurchase({ at: store }), aPurchase({ at: store })] as [Purchase, Purchase];
    await one.post(left);
    const claim = (purchase: Purchase) =>
      one.purchases.claim({
        caller: 'till',
        key: randomUUID(),
        receipt: purchase.receipt as Receipt,
        memberId: cashier.memberId,
        totalMinor: purchase.totalMinor,
      });
    expect(await claim(left[0])).toMatchObject({ result: { o: 'credited' } });
    expect(await claim(left[1])).toMatchObject({ result: { o: 'held', why: HoldReason.MEMBER_VELOCITY } });
    expect(await claim(left[1])).toMatchObject({ result: { o: 'held' } });
    expect(await sums(cashier)).toBe(50);
  });

  it('[L15] holds what follows a refund of points that were spent', async () => {
    const store = await chain({ memberRefundsOfSpent: { most: 0, withinMinutes: 600 } });
    const [member] = (await guests(1)) as [TestMember];
    const bought = aPurchase({ at: store, by: member });
    expect(outcomes(await one.post([bought]))).toEqual(['credited']);
    const [programme] = await one.rows<{ programme_id: string }>(
      `SELECT programme_id FROM account WHERE member_id = $1`,
      [member.memberId],
    );
    const spending = { memberId: member.memberId, programmeId: programme?.programme_id ?? '', points: -40 } as const;
    await one.adjustments.request(by('agent'), { ...spending, kind: 'correction', reason: '兑换' });
    const receipt = bought.receipt as Receipt;
    const refund = { ...receipt, receiptNumber: `${receipt.receiptNumber}-B` };
    const back = await one.refund([{ refund, purchase: receipt, rungAt: bought.rungAt, lines: [] }]);
    expect(back).toMatchObject([{ outcome: { $case: 'takenBack', value: { pointsOwed: 40 } } }]);
    expect(outcomes(await one.post([aPurchase({ at: store, by: member })]))).toEqual(['held']);
  });

  it('[L15] credits a released purchase once, tells of the hold and its end, and says in its entry why it was held', async () => {
    const store = await chain({ memberPurchases: { most: 1, withinMinutes: 60 } });
    const [member] = (await guests(1)) as [TestMember];
    const bought = aPurchase({ at: store, by: member });
    await one.post([aPurchase({ at: store, by: member })]);
    expect(outcomes(await one.post([bought]))).toEqual(['held']);
    const listed = await other.holds.list({ state: 'open', storeIds: [store.storeId] }, page);
    expect(listed.page).toMatchObject([
      { memberId: member.memberId, totalMinor: 5_000, causes: [{ measured: 2, most: 1 }] },
    ]);
    const { purchaseId } = listed.page[0] as { purchaseId: string };
    const told = () =>
      one.rows<{ type: string; payload: object }>(
        `SELECT type, payload FROM outbox WHERE aggregateid = $1 AND aggregatetype = 'regulars.loyalty.holds.v1' ORDER BY ord`,
        [purchaseId],
      );
    const about = { storeId: store.storeId, memberId: member.memberId };
    const placed = { ...about, tillId: store.tillId, reasons: ['HOLD_REASON_MEMBER_VELOCITY'] };
    expect(await told()).toMatchObject([{ type: 'regulars.loyalty.v1.PurchaseHoldPlaced', payload: placed }]);
    const decided = await Promise.all(
      [one, other].map((pod) =>
        pod.holds.decide(by('supervisor'), { purchaseId, decision: 'released', reason: '团购，店长确认' }),
      ),
    );
    expect(decided.map((each) => (each.outcome === 'done' ? each.hold.state : each.reason)).sort()).toEqual([
      'HOLD_DECIDED',
      'released',
    ]);
    const lifted = { ...about, isReleased: true, decidedBy: expect.any(String) };
    expect((await told()).slice(1)).toMatchObject([
      { type: 'regulars.loyalty.v1.PurchaseHoldLifted', payload: lifted },
    ]);
    await Promise.all([one.pending.creditDue(), other.pending.creditDue()]);
    expect(await sums(member)).toBe(100);
    expect(outcomes(await one.post([bought]))).toEqual(['credited']);
    const explained = await one.points.explain(purchaseId);
    const words = stepsInWords(explained?.steps ?? [], () => undefined).at(-1);
    expect(words?.text?.en).toBe(
      'Credited after a check (Purchases of the member in a short time: 2 within 60 minutes, 1 allowed)',
    );
  });

  it('[L15] never credits a reversed purchase, and repeats the decision under its key', async () => {
    const store = await chain({ tillPurchases: { most: 1, withinMinutes: 60 } });
    const [member] = (await guests(1)) as [TestMember];
    const bought = aPurchase({ at: store, by: member });
    await one.post([aPurchase({ at: store, by: member }), bought]);
    const [hold] = (await one.holds.list({ state: 'open', storeIds: [store.storeId] }, page)).page;
    const { purchaseId } = hold as { purchaseId: string };
    const writing = by('supervisor');
    const reversing = { purchaseId, decision: 'reversed', reason: '收银员用自己的卡' } as const;
    expect(await one.holds.decide(writing, reversing)).toMatchObject({ hold: { state: 'reversed' }, replayed: false });
    expect(await other.holds.decide(writing, reversing)).toMatchObject({ hold: { state: 'reversed' }, replayed: true });
    expect(await one.holds.decide(writing, { ...reversing, decision: 'released' })).toMatchObject({
      reason: 'IDEMPOTENCY_KEY_REUSED',
    });
    await one.pending.creditDue();
    expect(outcomes(await one.post([bought]))).toEqual(['held']);
    expect(await sums(member)).toBe(50);
    expect((await one.holds.list({ state: 'open', storeIds: [store.storeId] }, page)).page).toEqual([]);
  });

  it('[L15] watches nothing where no limit is set', async () => {
    const store = aStore();
    await one.open(store, theTerms(), randomUUID().slice(0, 8).toUpperCase());
    const [member] = await guests(1);
    const results = await one.post(Array.from({ length: 30 }, () => aPurchase({ at: store, by: member })));
    expect(countOf(results, 'credited')).toBe(30);
    expect(await one.rows(`SELECT FROM watched_movement WHERE member_id = $1`, [member?.memberId])).toEqual([]);
  });
});
