import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Purchase,
  type Refund,
  type RefundLine,
  type RefundPurchaseResult,
  RefundRefusal,
} from '@regulars/contracts/loyalty/v1/purchases';
import { TestClock, type TestDatabase } from '@regulars/testing';
import { aMember, aPurchase, aStore, theTerms, today } from '../../test/chain.js';
import { loyaltyDatabase, Pod } from '../../test/pod.js';

describe('Refunding on a real database', () => {
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

  async function bought(minor: number, terms = theTerms()) {
    const store = aStore();
    const member = aMember();
    const programmeId = await one.open(store, terms, `R${store.storeId.slice(0, 8).toUpperCase()}`);
    await one.register(member);
    const purchase = aPurchase({ at: store, by: member, minor });
    await one.post([purchase]);
    return { store, member, programmeId, purchase };
  }

  function refundOf(purchase: Purchase, lines: RefundLine[] = [], receiptNumber: string = randomUUID()): Refund {
    const { receipt } = purchase;
    const refund = receipt && { ...receipt, receiptNumber, businessDate: today() };
    return { purchase: receipt, refund, rungAt: new Date(clock.now()), lines };
  }

  const part = (amountMinor: number, quantityMilli = 200, line = 0) => [{ line, quantityMilli, amountMinor }];

  function takenBack(result: RefundPurchaseResult | undefined) {
    if (result?.outcome?.$case !== 'takenBack') throw new Error(JSON.stringify(result));
    return result.outcome.value;
  }

  function refusalOf(result: RefundPurchaseResult | undefined) {
    return result?.outcome?.$case === 'refused' ? RefundRefusal[result.outcome.value.reason] : result;
  }

  async function sums(programmeId: string) {
    const [row] = await one.rows<{ balance: number; debt: number; entries: number; lots: number; spent: number }>(
      `SELECT (SELECT sum(balance) FROM account WHERE programme_id = $1)::bigint AS balance,
         (SELECT sum(debt) FROM account WHERE programme_id = $1)::bigint AS debt,
         (SELECT sum(points) FROM entry WHERE programme_id = $1)::bigint AS entries,
         (SELECT sum(remaining) FROM lot WHERE programme_id = $1)::bigint AS lots,
         (SELECT sum(spent_minor) FROM member_day WHERE programme_id = $1)::bigint AS spent`,
      [programmeId],
    );
    return row;
  }

  it('[L6] takes back as many points however the refund is split, also within one batch and on two pods', async () => {
    const { purchase, programmeId } = await bought(9_900);
    const fifths = [1_980, 1_980, 1_980, 1_980, 1_980].map((minor) => refundOf(purchase, part(minor)));
    const [first, second] = [await one.refund(fifths.slice(0, 3)), await other.refund(fifths.slice(3))];
    const taken = [...first, ...second].map((result) => takenBack(result).pointsTaken);
    expect(taken.reduce((sum, points) => sum + points, 0)).toBe(99);
    expect(await sums(programmeId)).toEqual({ balance: 0, debt: 0, entries: 0, lots: 0, spent: 0 });
    expect(refusalOf((await one.refund([refundOf(purchase, part(1))]))[0])).toBe('ALREADY_REFUNDED');
  });

  it('[L6] answers a repeated refund the first answer, and another body under its receipt with a conflict', async () => {
    const { purchase, programmeId } = await bought(10_000);
    const refund = refundOf(purchase, part(5_000, 500));
    const [[first], [again], [byKey]] = [
      await one.refund([refund], ['r1']),
      await other.refund([refund]),
      await other.refund([refund], ['r1']),
    ];
    expect(takenBack(first)).toMatchObject({ pointsTaken: 50, pointsOwed: 0, balance: 50 });
    expect([again, byKey]).toEqual([
      { ...first, replayed: true },
      { ...first, replayed: true },
    ]);
    const changed = { ...refund, lines: part(4_000, 500) };
    expect(refusalOf((await one.refund([changed]))[0])).toBe('RECEIPT_CONFLICT');
    expect(refusalOf((await one.refund([changed], ['r1']))[0])).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(await sums(programmeId)).toMatchObject({ balance: 50, entries: 50, lots: 50 });
  });

  it('[L6] refuses more than was bought and a line that does not exist', async () => {
    const { purchase } = await bought(10_000);
    const results = await one.refund([
      refundOf(purchase, part(10_001, 1_000)),
      refundOf(purchase, part(1, 1_001)),
      refundOf(purchase, part(1, 1, 7)),
    ]);
    expect(results.map(refusalOf)).toEqual(['MORE_THAN_BOUGHT', 'MORE_THAN_BOUGHT', 'UNKNOWN_LINE']);
  });

  it('[L6] lets the member owe what was spent where the policy says so, and the next points pay it', async () => {
    const { purchase, programmeId, store, member } = await bought(10_000);
    await spend(member.memberId, 70);
    const [refund] = await one.refund([refundOf(purchase)]);
    expect(takenBack(refund)).toMatchObject({ pointsTaken: 30, pointsOwed: 70, balance: -70 });
    expect(await sums(programmeId)).toMatchObject({ balance: -70, debt: 70, lots: 0 });
    await one.post([aPurchase({ at: store, by: member, minor: 9_000 })]);
    expect(await sums(programmeId)).toMatchObject({ balance: 20, debt: 0, lots: 20 });
  });

  it('[L6] refuses a refund of points already spent where the policy does not let the balance go below zero', async () => {
    const { purchase, programmeId, member } = await bought(10_000, { ...theTerms(), refundMayOwe: false });
    await spend(member.memberId, 70);
    expect(refusalOf((await one.refund([refundOf(purchase)]))[0])).toBe('POINTS_ALREADY_SPENT');
    expect(await sums(programmeId)).toMatchObject({ balance: 30, debt: 0, lots: 30 });
  });

  it('[L6] keeps a refund that comes before its purchase and applies it when that comes', async () => {
    const { store, member, programmeId } = await bought(0);
    const purchase = aPurchase({ at: store, by: member, minor: 10_000 });
    const refund = refundOf(purchase, part(4_000, 400));
    const [[first], [again]] = [await one.refund([refund]), await other.refund([refund])];
    expect(first?.outcome?.$case).toBe('waiting');
    expect(again).toEqual({ ...first, replayed: true });
    clock.advance(2_000);
    await one.refunds.applyDue();
    await one.post([purchase]);
    await Promise.all([one.refunds.applyDue(), other.refunds.applyDue()]);
    expect(await sums(programmeId)).toMatchObject({ balance: 60, entries: 60, lots: 60, spent: 6_000 });
    const [later] = await one.refund([refund]);
    expect(takenBack(later)).toMatchObject({ pointsTaken: 40, balance: 60 });
    await one.refunds.applyDue();
    expect(await sums(programmeId)).toMatchObject({ balance: 60 });
  });

  it('[L6] credits of a receipt that was refunded before anybody claimed it only what is left', async () => {
    const { store, programmeId } = await bought(0);
    const claimant = aMember();
    await one.register(claimant);
    const purchase = aPurchase({ at: store, minor: 10_000 });
    await one.post([purchase]);
    const [refund] = await one.refund([refundOf(purchase, part(4_000, 400))]);
    expect(takenBack(refund)).toMatchObject({ memberId: '', pointsTaken: 0, pointsOwed: 0 });
    const receipt = purchase.receipt as NonNullable<typeof purchase.receipt>;
    const claim = { caller: 'app', key: undefined, receipt, memberId: claimant.memberId, totalMinor: 10_000 };
    await one.purchases.claim(claim);
    expect(await sums(programmeId)).toMatchObject({ balance: 60, lots: 60 });
    const [rest] = await one.refund([refundOf(purchase, part(6_000, 600))]);
    expect(takenBack(rest)).toMatchObject({ pointsTaken: 60, balance: 0 });
  });

  /** Redemption is not built yet: points leave the lot and the balance as it will take them. */
  async function spend(memberId: string, points: number): Promise<void> {
    await one.rows(`UPDATE lot SET remaining = remaining - $2 WHERE member_id = $1`, [memberId, points]);
    await one.rows(`UPDATE account SET balance = balance - $2 WHERE member_id = $1`, [memberId, points]);
  }
});
