import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ProgrammeTerms } from '@regulars/contracts/loyalty/v1/programmes';
import type { RewardTerms } from '@regulars/contracts/loyalty/v1/rewards';
import { TestClock, type TestDatabase } from '@regulars/testing';
import { aMember, aPurchase, aStore, type TestMember, type TestStore, theTerms, today } from '../../test/chain.js';
import { loyaltyDatabase, Pod } from '../../test/pod.js';
import { aReserving, aReward, persistently, reservedIn } from '../../test/rewards.js';

describe('Redeeming on a real database', () => {
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

  /** A store with a reward, and members who have so many points each. */
  async function counter(points: number, offer: Partial<RewardTerms> = {}, stock?: number, terms?: ProgrammeTerms) {
    const store = aStore();
    const programmeId = await one.open(store, terms ?? theTerms(), `R${store.storeId.slice(0, 8).toUpperCase()}`);
    const guest = async () => {
      const member = aMember();
      await one.register(member);
      await one.post([aPurchase({ at: store, by: member, minor: points * 100 })]);
      return member;
    };
    const made = await one.rewards.create({ caller: 'office', key: randomUUID() }, aReward(programmeId, offer), stock);
    if (made.outcome !== 'done') throw new Error(JSON.stringify(made));
    return { store, programmeId, rewardId: made.reward.rewardId, member: await guest(), guest };
  }

  const reserve = (at: TestStore, by: TestMember, rewardId: string, change = {}) =>
    one.redemptions.reserve(aReserving(at, by, rewardId, change));

  const changing = (row: { redemptionId: string; memberId: string }) => ({ caller: 'till', key: randomUUID(), row });

  async function stands(memberId: string) {
    const [row] = await one.rows<{ balance: number; entries: number; lots: number; debt: number; seqs: number }>(
      `SELECT a.balance, a.debt, (SELECT sum(points)::bigint FROM entry e WHERE e.member_id = a.member_id) AS entries,
         (SELECT sum(remaining)::bigint FROM lot l WHERE l.member_id = a.member_id) AS lots,
         (SELECT count(*) - max(member_seq) FROM entry e WHERE e.member_id = a.member_id)::bigint AS seqs
       FROM account a WHERE a.member_id = $1`,
      [memberId],
    );
    if (!row) throw new Error('no account');
    expect(row.entries).toBe(row.balance);
    expect(row.lots - row.debt).toBe(row.balance);
    expect(row.seqs).toBe(0);
    return row.balance;
  }

  const stockOf = async (rewardId: string) => (await one.rewards.find(rewardId))?.stock;

  it('[O4][L8] tells in a dry run what each step would lead to, and takes neither points nor stock', async () => {
    const { store, member, rewardId } = await counter(250, {}, 5);
    const reserving = aReserving(store, member, rewardId, { quantity: 2 });
    const tried = await one.redemptions.reserve({ ...reserving, isDryRun: true });
    expect([reservedIn(tried).state, tried]).toMatchObject(['reserved', { balance: 50, replayed: false }]);
    expect([await stands(member.memberId), await stockOf(rewardId)]).toEqual([250, 5]);
    expect(await one.redemptions.find(reservedIn(tried).redemptionId)).toBeUndefined();
    const much = { ...aReserving(store, member, rewardId, { quantity: 3 }), isDryRun: true };
    expect(await one.redemptions.reserve(much)).toEqual({ outcome: 'refused', reason: 'NOT_ENOUGH_POINTS' });

    // The key of the dry run was not used up.
    const row = reservedIn(await one.redemptions.reserve(reserving));
    const trying = () => ({ ...changing(row), isDryRun: true });
    expect(await one.redemptions.cancel(trying())).toMatchObject({ row: { state: 'cancelled' }, replayed: false });
    expect(await one.redemptions.confirm(trying(), null)).toMatchObject({ row: { state: 'confirmed' } });
    expect(await one.redemptions.fulfil(trying())).toEqual({ outcome: 'wrong-state', state: 'reserved' });
    expect(await one.redemptions.find(row.redemptionId)).toMatchObject({ state: 'reserved' });
    expect([await stands(member.memberId), await stockOf(rewardId)]).toEqual([50, 3]);
  });

  it('[L8] reserves points and stock, and confirms them for good with the receipt', async () => {
    const { store, member, rewardId } = await counter(250, {}, 5);
    const reserving = aReserving(store, member, rewardId, { quantity: 2 });
    const reserved = await one.redemptions.reserve(reserving);
    const row = reservedIn(reserved);
    expect(row).toMatchObject({ state: 'reserved', points: 200, quantity: 2, valueMinor: 7_600 });
    expect(reserved).toMatchObject({ balance: 50, replayed: false });
    expect(await stands(member.memberId)).toBe(50);
    expect(await stockOf(rewardId)).toBe(3);
    expect(await one.redemptions.reserve(reserving)).toMatchObject({
      row: { redemptionId: row.redemptionId },
      replayed: true,
    });
    expect(await one.redemptions.reserve({ ...reserving, quantity: 1 })).toMatchObject({
      reason: 'IDEMPOTENCY_KEY_REUSED',
    });

    const receipt = { storeId: store.storeId, tillId: store.tillId, businessDate: today(), receiptNumber: 'R-1' };
    const confirm = changing(row);
    expect(await one.redemptions.confirm(confirm, receipt)).toMatchObject({ outcome: 'done', replayed: false });
    expect(await one.redemptions.confirm(confirm, receipt)).toMatchObject({ outcome: 'done', replayed: true });
    expect(await one.redemptions.confirm(changing(row), receipt)).toMatchObject({ outcome: 'done', replayed: true });
    expect(await one.redemptions.confirm(changing(row), null)).toEqual({ outcome: 'wrong-state', state: 'confirmed' });
    expect(await one.redemptions.cancel(changing(row))).toEqual({ outcome: 'wrong-state', state: 'confirmed' });
    expect(await one.redemptions.find(row.redemptionId)).toMatchObject({ state: 'confirmed', receipt });
    expect(await stands(member.memberId)).toBe(50);
    expect(await one.redemptions.fulfil(changing(row))).toMatchObject({ outcome: 'done', replayed: false });
    expect(await one.redemptions.fulfil(changing(row))).toMatchObject({ outcome: 'done', replayed: true });
  });

  it('[L8] gives back what is cancelled, into the lots it came from, once', async () => {
    const { store, member, rewardId } = await counter(150, {}, 1);
    const row = reservedIn(await reserve(store, member, rewardId));
    expect(await reserve(store, member, rewardId)).toEqual({ outcome: 'refused', reason: 'NOT_ENOUGH_POINTS' });
    const cancels = await Promise.all([one, other].map((pod) => pod.redemptions.cancel(changing(row))));
    expect(cancels.map((each) => each.outcome === 'done' && each.replayed).sort()).toEqual([false, true]);
    expect(await stands(member.memberId)).toBe(150);
    expect(await stockOf(rewardId)).toBe(1);
    expect(await one.redemptions.confirm(changing(row), null)).toEqual({ outcome: 'wrong-state', state: 'cancelled' });
  });

  it('[L8] releases what a till that died never confirmed, and only that', async () => {
    const { store, member, rewardId } = await counter(300, {}, 3);
    const dead = reservedIn(await reserve(store, member, rewardId, { holdSeconds: 30 }));
    const alive = reservedIn(await reserve(store, member, rewardId, { holdSeconds: 30 }));
    const later = reservedIn(await reserve(store, member, rewardId, { holdSeconds: 900 }));
    await one.redemptions.confirm(changing(alive), null);
    clock.advance(31_000);
    await Promise.all([one.redemptions.releaseDue(), other.redemptions.releaseDue()]);
    expect(await one.redemptions.releaseDue()).toBe(0);
    const states = await Promise.all(
      [dead, alive, later].map(async ({ redemptionId }) => (await one.redemptions.find(redemptionId))?.state),
    );
    expect(states).toEqual(['released', 'confirmed', 'reserved']);
    expect(await stands(member.memberId)).toBe(100);
    expect(await stockOf(rewardId)).toBe(1);
    expect(await one.redemptions.cancel(changing(dead))).toMatchObject({ outcome: 'done', replayed: true });
    expect(await one.redemptions.confirm(changing(dead), null)).toEqual({ outcome: 'wrong-state', state: 'released' });
    expect(await stands(member.memberId)).toBe(100);
  });

  it('[L8] lets one of 200 who want the last one have it', async () => {
    const { store, rewardId, guest } = await counter(100, {}, 1);
    const guests = await Promise.all(Array.from({ length: 200 }, guest));
    const results = await Promise.all(
      guests.map((member, index) => {
        const reserving = aReserving(store, member, rewardId);
        return persistently(() => (index % 2 ? one : other).redemptions.reserve(reserving));
      }),
    );
    expect(results.filter(({ outcome }) => outcome === 'done')).toHaveLength(1);
    const refused = results.flatMap((result) => (result.outcome === 'refused' ? [result.reason] : []));
    expect(new Set(refused)).toEqual(new Set(['OUT_OF_STOCK']));
    expect(refused).toHaveLength(199);
    expect(await stockOf(rewardId)).toBe(0);
    for (const { memberId } of guests.slice(0, 20)) await stands(memberId);
  });

  it('[L8] spends the points of a member once, however many tills ask at once', async () => {
    const { store, member, rewardId } = await counter(500);
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        (index % 2 ? one : other).redemptions.reserve(aReserving(store, member, rewardId)),
      ),
    );
    expect(results.filter(({ outcome }) => outcome === 'done')).toHaveLength(5);
    expect(await stands(member.memberId)).toBe(0);
  });

  it('[L8] keeps to the limit of a member and gives it back on cancel', async () => {
    const { store, member, rewardId } = await counter(1_000, { perMember: 1 });
    const row = reservedIn(await reserve(store, member, rewardId));
    expect(await reserve(store, member, rewardId)).toEqual({ outcome: 'refused', reason: 'LIMIT_REACHED' });
    await one.redemptions.cancel(changing(row));
    expect(await reserve(store, member, rewardId)).toMatchObject({ outcome: 'done' });
  });

  it('[L7][L8] asks for the tier where the reward does, and never touches its measure', async () => {
    const { store, member, rewardId, programmeId } = await counter(900, { tiers: ['gold'], code: 'GOLD' });
    expect(await reserve(store, member, rewardId)).toEqual({ outcome: 'refused', reason: 'TIER_NOT_ELIGIBLE' });
    await one.post([aPurchase({ at: store, by: member, minor: 10_000 })]);
    const before = await one.points.balance(member.memberId, programmeId);
    expect(await reserve(store, member, rewardId)).toMatchObject({ outcome: 'done' });
    const after = await one.points.balance(member.memberId, programmeId);
    if (before.outcome !== 'found' || after.outcome !== 'found') throw new Error('no account');
    expect(after.balance.standing).toEqual(before.balance.standing);
    expect(before.balance.balance - after.balance.balance).toBe(100);
  });

  it('[L8] refuses what nobody knows: reward, member, till', async () => {
    const { store, member, rewardId } = await counter(100);
    expect(await reserve(store, member, randomUUID())).toMatchObject({ reason: 'REWARD_UNKNOWN' });
    expect(await reserve(store, aMember(), rewardId)).toMatchObject({ reason: 'MEMBER_UNKNOWN' });
    expect(await reserve(aStore(), member, rewardId)).toMatchObject({ reason: 'TILL_NOT_READY' });
  });

  it('[L8] tells of every step through the outbox, in the order of the ledger', async () => {
    const { store, member, rewardId } = await counter(300);
    const kept = reservedIn(await reserve(store, member, rewardId));
    await one.redemptions.confirm(changing(kept), null);
    const back = reservedIn(await reserve(store, member, rewardId));
    await one.redemptions.cancel(changing(back));
    const events = await one.rows<{ type: string; seq: number | null }>(
      `SELECT type, member_seq AS seq FROM outbox WHERE aggregateid = $1 ORDER BY ord`,
      [member.memberId],
    );
    expect(events.map(({ type, seq }) => [type.replace('regulars.loyalty.v1.', ''), seq])).toEqual([
      ['PointsEarned', 1],
      ['PointsReserved', 2],
      ['RedemptionConfirmed', null],
      ['PointsReserved', 3],
      ['PointsReturned', 4],
    ]);
  });

  it('[L5][L8] spends the lot that ends first, and points that ended meanwhile do not come back', async () => {
    const store = aStore();
    const monthly = { ...theTerms(), expiry: { policy: { $case: 'rollingMonths', value: 1 } } } as ProgrammeTerms;
    const programmeId = await one.open(store, monthly, 'MONTHLY');
    const member = aMember();
    await one.register(member);
    await one.post([aPurchase({ at: store, by: member, minor: 6_000 })]);
    clock.advance(20 * 86_400_000);
    await one.post([aPurchase({ at: store, by: member, minor: 6_000 })]);
    const made = await one.rewards.create({ caller: 'office', key: 'monthly' }, aReward(programmeId), undefined);
    if (made.outcome !== 'done') throw new Error(made.outcome);
    const row = reservedIn(await reserve(store, member, made.reward.rewardId, { holdSeconds: 86_400 }));
    expect(row.fromLots.map(({ points }) => points)).toEqual([60, 40]);
    clock.advance(15 * 86_400_000);
    await one.redemptions.releaseDue();
    expect(await stands(member.memberId)).toBe(60);
    const [lot] = await one.rows(`SELECT remaining, expired FROM lot WHERE lot_id = $1`, [row.fromLots[0]?.lotId]);
    expect(lot).toEqual({ remaining: 0, expired: 60 });
  });
});
