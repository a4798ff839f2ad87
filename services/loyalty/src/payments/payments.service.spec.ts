import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Purchase, Receipt, Refund } from '@regulars/contracts/loyalty/v1/purchases';
import { RewardKind } from '@regulars/contracts/loyalty/v1/rewards';
import { TestClock, type TestDatabase } from '@regulars/testing';
import fc from 'fast-check';
import { aMember, aPurchase, aStore, type TestMember, theTerms, today } from '../../test/chain.js';
import { aCouponKind } from '../../test/coupons.js';
import { loyaltyDatabase, Pod } from '../../test/pod.js';
import { aReserving, aReward, reservedIn } from '../../test/rewards.js';

describe('Refunding what was paid with points and coupons', () => {
  const clock = new TestClock(new Date().toISOString());
  const store = aStore();
  let database: TestDatabase;
  let pod: Pod;
  let programmeId: string;
  let moneyOff: string;
  let dish: string;

  beforeAll(async () => {
    database = await loyaltyDatabase();
    pod = await Pod.start(database.url, clock);
    programmeId = await pod.open(store, theTerms());
    // One point takes one yuan off.
    moneyOff = await offer({ code: 'YUAN', kind: RewardKind.MONEY_OFF, points: 1, valueMinor: 100 });
    dish = await offer({ code: 'NOODLES', points: 10, perMember: 1 });
  });

  afterAll(async () => {
    await pod.stop();
    await database.drop();
  });

  async function offer(change: Parameters<typeof aReward>[1]): Promise<string> {
    const made = await pod.rewards.create(
      { caller: 'office', key: randomUUID() },
      aReward(programmeId, change),
      undefined,
    );
    if (made.outcome !== 'done') throw new Error(JSON.stringify(made));
    return made.reward.rewardId;
  }

  async function guest(points: number): Promise<TestMember> {
    const member = aMember();
    await pod.register(member);
    await pod.post([aPurchase({ at: store, by: member, minor: points * 100 })]);
    return member;
  }

  const key = () => ({ caller: 'till', key: randomUUID() });

  async function redeem(member: TestMember, rewardId: string, quantity: number, receipt: Receipt) {
    const row = reservedIn(await pod.redemptions.reserve(aReserving(store, member, rewardId, { quantity })));
    await pod.redemptions.confirm({ ...key(), row }, receipt);
    return row;
  }

  function refundOf({ receipt }: Purchase, amountMinor?: number, quantityMilli = 0): Refund {
    const refund = receipt && { ...receipt, receiptNumber: randomUUID(), businessDate: today() };
    const lines = amountMinor === undefined ? [] : [{ line: 0, quantityMilli, amountMinor }];
    return { purchase: receipt, refund, rungAt: clock.now(), lines };
  }

  async function refund(purchase: Purchase, amountMinor?: number, quantityMilli?: number) {
    const [result] = await pod.refund([refundOf(purchase, amountMinor, quantityMilli)]);
    return result?.outcome?.$case === 'takenBack' ? result.outcome.value : result;
  }

  async function stands(memberId: string) {
    const [row] = await pod.rows<{ balance: number; debt: number; entries: number; lots: number; spent: number }>(
      `SELECT a.balance, a.debt, (SELECT sum(points)::bigint FROM entry e WHERE e.member_id = a.member_id) AS entries,
         (SELECT sum(remaining)::bigint FROM lot l WHERE l.member_id = a.member_id) AS lots,
         (SELECT sum(spent_minor)::bigint FROM member_day d WHERE d.member_id = a.member_id) AS spent
       FROM account a WHERE a.member_id = $1`,
      [memberId],
    );
    if (!row) throw new Error('no account');
    expect(row.entries).toBe(row.balance);
    expect(row.lots - row.debt).toBe(row.balance);
    return row;
  }

  it('[L6] gives back the points a purchase was paid with, by share, and takes back what it earned', async () => {
    const member = await guest(100);
    const purchase = aPurchase({ at: store, by: member, minor: 10_000 });
    await pod.post([purchase]);
    const row = await redeem(member, moneyOff, 60, purchase.receipt as Receipt);
    expect(await stands(member.memberId)).toMatchObject({ balance: 140, spent: 20_000 });
    expect(await refund(purchase, 2_500, 250)).toMatchObject({ pointsTaken: 25, pointsReturned: 15, balance: 130 });
    expect(await pod.redemptions.find(row.redemptionId)).toMatchObject({ state: 'confirmed', returned: 15 });
    expect(await refund(purchase, 7_500, 750)).toMatchObject({ pointsTaken: 75, pointsReturned: 45, balance: 100 });
    expect(await pod.redemptions.find(row.redemptionId)).toMatchObject({ state: 'returned', returned: 60 });
    expect(await stands(member.memberId)).toEqual({ balance: 100, debt: 0, entries: 100, lots: 100, spent: 10_000 });
  });

  it('[L6] lets coupons and limits be used again once all of the receipt is given back, and no sooner', async () => {
    const member = await guest(100);
    const kind = aCouponKind(programmeId, { code: randomUUID().slice(0, 8).toUpperCase(), perPerson: 1 });
    const defined = await pod.coupons.define(key(), kind);
    if (defined.outcome !== 'done') throw new Error(defined.outcome);
    const issued = await pod.coupons.issue(key(), defined.definition.definitionId, member.memberId, 1);
    if (issued.outcome !== 'done') throw new Error(issued.outcome);
    const purchase = aPurchase({ at: store, by: member, minor: 4_000 });
    await pod.post([purchase]);
    const receipt = purchase.receipt as Receipt;
    const lines = [{ sku: 'noodles', category: 'food', quantityMilli: 1_000, amountMinor: 5_000 }];
    const by = { by: { $case: 'memberId', value: member.memberId } } as const;
    const bill = { storeId: store.storeId, tillId: store.tillId, member: by, lines };
    const codes = issued.coupons.map(({ code }) => code);
    const used = await pod.couponUses.reserve(key(), bill, codes, 900);
    if (used.outcome !== 'done') throw new Error(used.outcome);
    await pod.couponUses.confirm({ ...key(), useId: used.use.useId }, receipt);
    await redeem(member, dish, 1, receipt);
    expect(await refund(purchase, 2_000, 500)).toMatchObject({ pointsReturned: 0, couponsReturned: 0 });
    expect(await pod.couponUses.reserve(key(), bill, codes, 900)).toMatchObject({ outcome: 'coupons-refused' });
    expect(await pod.redemptions.reserve(aReserving(store, member, dish))).toMatchObject({ reason: 'LIMIT_REACHED' });
    expect(await refund(purchase, 2_000, 500)).toMatchObject({ pointsReturned: 10, couponsReturned: 1, balance: 100 });
    expect(await pod.couponUses.reserve(key(), bill, codes, 900)).toMatchObject({ outcome: 'done' });
    expect(await pod.redemptions.reserve(aReserving(store, member, dish))).toMatchObject({ outcome: 'done' });
    const events = await pod.rows<{ type: string }>(`SELECT type FROM outbox WHERE aggregateid = $1`, [used.use.useId]);
    expect(events.map(({ type }) => type)).toEqual([
      'regulars.loyalty.v1.CouponsUsed',
      'regulars.loyalty.v1.CouponsReturned',
    ]);
  });

  it('[L6] refuses what is confirmed for a receipt that was given back before, and lets it be cancelled', async () => {
    const member = await guest(100);
    const kind = aCouponKind(programmeId, { code: randomUUID().slice(0, 8).toUpperCase() });
    const defined = await pod.coupons.define(key(), kind);
    if (defined.outcome !== 'done') throw new Error(defined.outcome);
    const issued = await pod.coupons.issue(key(), defined.definition.definitionId, member.memberId, 1);
    if (issued.outcome !== 'done') throw new Error(issued.outcome);
    const lines = [{ sku: 'noodles', category: 'food', quantityMilli: 1_000, amountMinor: 5_000 }];
    const by = { by: { $case: 'memberId', value: member.memberId } } as const;
    const bill = { storeId: store.storeId, tillId: store.tillId, member: by, lines };
    const held = await pod.couponUses.reserve(
      key(),
      bill,
      issued.coupons.map(({ code }) => code),
      900,
    );
    if (held.outcome !== 'done') throw new Error(held.outcome);
    const row = reservedIn(await pod.redemptions.reserve(aReserving(store, member, moneyOff, { quantity: 60 })));
    const purchase = aPurchase({ at: store, by: member, minor: 4_000 });
    const receipt = purchase.receipt as Receipt;
    await pod.post([purchase]);
    await refund(purchase);
    const [points, coupons] = [
      { ...key(), row },
      { ...key(), useId: held.use.useId },
    ];
    for (const _ of ['told', 'repeated']) {
      expect(await pod.redemptions.confirm(points, receipt)).toEqual({ outcome: 'receipt-refunded' });
      expect(await pod.couponUses.confirm(coupons, receipt)).toEqual({ outcome: 'receipt-refunded' });
    }
    expect(await pod.redemptions.cancel({ ...key(), row })).toMatchObject({ row: { state: 'cancelled' } });
    expect(await pod.couponUses.cancel({ ...key(), useId: held.use.useId })).toMatchObject({
      use: { state: 'cancelled' },
    });
    expect(await stands(member.memberId)).toMatchObject({ balance: 100, debt: 0 });
  });

  it('[L6] never keeps points for a receipt that is given back while they are confirmed for it', async () => {
    for (let round = 0; round < 8; round += 1) {
      const member = await guest(100);
      const purchase = aPurchase({ at: store, by: member, minor: 4_000 });
      await pod.post([purchase]);
      const row = reservedIn(await pod.redemptions.reserve(aReserving(store, member, moneyOff, { quantity: 60 })));
      const [confirmed] = await Promise.all([
        pod.redemptions.confirm({ ...key(), row }, purchase.receipt as Receipt),
        refund(purchase),
      ]);
      const isRefused = confirmed.outcome === 'receipt-refunded';
      expect((await pod.redemptions.find(row.redemptionId))?.state).toBe(isRefused ? 'reserved' : 'returned');
    }
  });

  it('[L6] gives points back to who paid, also where somebody else or nobody was credited', async () => {
    const payer = await guest(50);
    const purchase = aPurchase({ at: store, minor: 5_000 });
    await pod.post([purchase]);
    await redeem(payer, moneyOff, 50, purchase.receipt as Receipt);
    expect(await stands(payer.memberId)).toMatchObject({ balance: 0 });
    expect(await refund(purchase)).toMatchObject({ memberId: '', pointsReturned: 50 });
    expect(await stands(payer.memberId)).toMatchObject({ balance: 50, lots: 50, debt: 0 });
  });

  it('[L6] takes points earned out of the lot they were paid back into, so that nothing is owed', async () => {
    const member = await guest(1);
    const purchase = aPurchase({ at: store, by: member, minor: 9_900 });
    await pod.post([purchase]);
    await redeem(member, moneyOff, 100, purchase.receipt as Receipt);
    expect(await refund(purchase)).toMatchObject({ pointsTaken: 99, pointsOwed: 0, pointsReturned: 100, balance: 1 });
    expect(await stands(member.memberId)).toMatchObject({ balance: 1, debt: 0, lots: 1 });
  });

  it('[L6] ends no sequence of purchases, payments and refunds richer than it began', async () => {
    const history = fc.array(
      fc.record({
        minor: fc.integer({ min: 100, max: 9_999 }),
        // Four payments are never more than the guest begins with.
        paid: fc.nat(12),
        parts: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
      }),
      { minLength: 1, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(history, async (all) => {
        const member = await guest(50);
        const begun = await stands(member.memberId);
        const bought = [];
        for (const { minor, paid, parts } of all) {
          const purchase = aPurchase({ at: store, by: member, minor });
          await pod.post([purchase]);
          if (paid > 0) await redeem(member, moneyOff, paid, purchase.receipt as Receipt);
          bought.push({ purchase, minor, parts });
          await stands(member.memberId);
        }
        for (const { purchase, minor, parts } of bought.reverse()) {
          const tenths = parts.map((part) => Math.floor((minor * part) / 100));
          for (const part of tenths) {
            if (part > 0) await refund(purchase, part, 1);
            await stands(member.memberId);
          }
          const done = tenths.reduce((sum, part) => sum + part, 0);
          const pieces = tenths.filter((part) => part > 0).length;
          await refund(purchase, minor - done, 1_000 - pieces);
          await stands(member.memberId);
        }
        expect(await stands(member.memberId)).toEqual(begun);
      }),
      { numRuns: 15 },
    );
  });
});
