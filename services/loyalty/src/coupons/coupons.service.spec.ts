import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CouponRefusal, type CouponTerms } from '@regulars/contracts/loyalty/v1/coupons';
import { TestClock, type TestDatabase } from '@regulars/testing';
import {
  aMember,
  aPurchase,
  aStore,
  dayBefore,
  type TestMember,
  type TestStore,
  theTerms,
  today,
} from '../../test/chain.js';
import { aCouponKind } from '../../test/coupons.js';
import { loyaltyDatabase, Pod } from '../../test/pod.js';
import { persistently } from '../../test/rewards.js';
import { codeIn } from './code.js';
import type { Bill, ReservedUse } from './coupon-uses.service.js';

describe('Coupons on a real database', () => {
  const clock = new TestClock(new Date().toISOString());
  const store = aStore();
  const [here, there] = [store, { ...store, tillId: randomUUID() }];
  let database: TestDatabase;
  let one: Pod;
  let other: Pod;
  let programmeId: string;

  beforeAll(async () => {
    database = await loyaltyDatabase();
    one = await Pod.start(database.url, clock);
    other = await Pod.start(database.url, clock);
    programmeId = await one.open(store, theTerms());
    await one.know(there);
  });

  afterAll(async () => {
    await Promise.all([one.stop(), other.stop()]);
    await database.drop();
  });

  const office = () => ({ caller: 'office', key: randomUUID() });
  it('[O4][L9] tells which coupons a gift would be, and gives none', async () => {
    const member = await guest();
    const definitionId = await kind();
    const writing = office();
    const coupons = () => one.rows(`SELECT code FROM coupon WHERE member_id = $1`, [member.memberId]);
    const tried = await one.coupons.issue({ ...writing, isDryRun: true }, definitionId, member.memberId, 2);
    expect(tried).toMatchObject({ outcome: 'done', replayed: false, coupons: [{}, {}] });
    expect(await coupons()).toEqual([]);
    const unknown = await one.coupons.issue({ ...office(), isDryRun: true }, randomUUID(), member.memberId, 1);
    expect(unknown).toMatchObject({ outcome: 'refused', reason: 'COUPON_KIND_UNKNOWN' });
    // The key of the dry run was not used up.
    expect(await one.coupons.issue(writing, definitionId, member.memberId, 2)).toMatchObject({ replayed: false });
    expect(await coupons()).toHaveLength(2);
  });

  it('[L9] makes a coupon void once and for good, and only while nobody holds or has used it', async () => {
    const member = await guest();
    const [code = '', held = ''] = await issue(await kind(), member, 2);
    const use = useOf(await reserve([held], bill(member)));
    const voiding = { ...office(), code, reason: 'Printed twice' };
    const both = await Promise.all([
      one.couponVoids.void(voiding),
      other.couponVoids.void({ ...voiding, ...office() }),
    ]);
    expect(both.map((each) => each.outcome === 'done' && each.replayed).sort()).toEqual([false, true]);
    expect(await one.couponVoids.void(voiding)).toMatchObject({ coupon: { state: 'void' }, replayed: true });
    expect(await one.couponVoids.void({ ...voiding, reason: 'Other' })).toMatchObject({
      reason: 'IDEMPOTENCY_KEY_REUSED',
    });
    expect(await reserve([code], bill(member))).toMatchObject({
      outcome: 'coupons-refused',
      refused: [{ reason: CouponRefusal.VOID }],
    });
    expect(await one.couponVoids.void({ ...office(), code: held, reason: 'x' })).toMatchObject({ state: 'reserved' });
    await one.couponUses.confirm({ ...till(), useId: use.useId }, null);
    expect(await one.couponVoids.void({ ...office(), code: held, reason: 'x' })).toMatchObject({ state: 'used' });
    expect(await one.couponVoids.void({ ...office(), code: 'NOSUCH', reason: 'x' })).toMatchObject({
      reason: 'COUPON_UNKNOWN',
    });
  });

  it('[L9] reports use by store and kind, what is only held left out, page by page and only of the stores asked for', async () => {
    const kinds = [await kind({ perReceipt: 5 }), await kind({ valueMinor: 500 })].sort();
    const member = await guest();
    for (const definitionId of kinds) {
      for (const code of await issue(definitionId, member, 2)) {
        const { useId } = useOf(await reserve([code], bill(member)));
        await one.couponUses.confirm({ ...till(), useId }, null);
      }
      useOf(await reserve(await issue(definitionId, member), bill(member)));
    }
    const asked = { programmeId, from: dayBefore(today()), until: today(), storeIds: [store.storeId] };
    const first = await one.couponVoids.usage(asked, { limit: 1, after: undefined });
    expect([first.page.length, first.nextCursor === '']).toEqual([1, false]);
    const all = await one.couponVoids.usage(asked, { limit: 200, after: undefined });
    const ours = all.page.filter(({ definitionId }) => kinds.includes(definitionId));
    expect(ours.map(({ definitionId, used, returned }) => [definitionId, used, returned])).toEqual(
      kinds.map((definitionId) => [definitionId, 2, 0]),
    );
    expect(new Set(ours.map(({ discountMinor }) => discountMinor))).toEqual(new Set([1_000, 2_000]));
    const elsewhere = { ...asked, storeIds: [randomUUID()] };
    expect((await one.couponVoids.usage(elsewhere, { limit: 50, after: undefined })).page).toEqual([]);
  });

  it('[L9] counts the days of a coupon in the zone of its programme, not in Greenwich', async () => {
    // Half past three in the morning of the 2nd in Shanghai.
    const now = clock.now();
    clock.set('2026-05-01T19:30:00Z');
    const [code = ''] = await issue(await kind({ validDays: 1 }), await guest());
    const [row] = await one.rows<{ day: string }>(`SELECT last_day::text AS day FROM coupon WHERE code = $1`, [code]);
    clock.set(now.toISOString());
    expect(row?.day).toBe('2026-05-02');
  });

  const till = () => ({ caller: 'till', key: randomUUID() });

  async function kind(change: Partial<CouponTerms> = {}): Promise<string> {
    const code = randomUUID().slice(0, 12).toUpperCase();
    const made = await one.coupons.define(office(), aCouponKind(programmeId, { code, ...change }));
    if (made.outcome !== 'done') throw new Error(JSON.stringify(made));
    return made.definition.definitionId;
  }

  async function guest(): Promise<TestMember> {
    const member = aMember();
    await one.register(member);
    return member;
  }

  async function issue(definitionId: string, { memberId }: TestMember, count = 1): Promise<string[]> {
    const issued = await one.coupons.issue(office(), definitionId, memberId, count);
    if (issued.outcome !== 'done') throw new Error(JSON.stringify(issued));
    return issued.coupons.map(({ code }) => code);
  }

  function bill(member?: TestMember, minor = 5_000, at: TestStore = here): Bill {
    const lines = [{ sku: 'noodles', category: 'food', quantityMilli: 1_000, amountMinor: minor }];
    const by = member && ({ by: { $case: 'memberId', value: member.memberId } } as const);
    return { storeId: at.storeId, tillId: at.tillId, member: by, lines };
  }

  function useOf(result: ReservedUse) {
    if (result.outcome !== 'done') throw new Error(JSON.stringify(result));
    return result.use;
  }

  const reserve = (codes: string[], of: Bill, pod = one) => {
    const writing = till();
    return persistently(() => pod.couponUses.reserve(writing, of, codes, 900));
  };
  const reasons = (result: ReservedUse) =>
    result.outcome === 'coupons-refused' ? result.refused.map(({ reason }) => CouponRefusal[reason]) : result.outcome;

  it('[L9] lets one of two tills use a coupon and tells the other where and when it was used', async () => {
    const member = await guest();
    const codes = await issue(await kind(), member);
    const results = await Promise.all([
      reserve(codes, bill(member)),
      reserve(codes, bill(member, 5_000, there), other),
    ]);
    const won = results.findIndex(({ outcome }) => outcome === 'done');
    const winner = results[won]!;
    const loser = results[1 - won]!;
    const use = useOf(winner);
    expect(reasons(loser)).toEqual(['RESERVED']);
    const receipt = { storeId: store.storeId, tillId: use.tillId, businessDate: today(), receiptNumber: 'C-1' };
    expect(await one.couponUses.confirm({ ...till(), useId: use.useId }, receipt)).toMatchObject({ replayed: false });
    const late = await reserve(codes, bill(member));
    if (late.outcome !== 'coupons-refused') throw new Error(late.outcome);
    expect(late.refused).toEqual([
      { code: codes[0], reason: CouponRefusal.USED, storeId: store.storeId, tillId: use.tillId, at: clock.now() },
    ]);
  });

  it('[L9] uses a coupon once however many tills ask at once', async () => {
    const member = await guest();
    const codes = await issue(await kind(), member);
    const all = await Promise.all(
      Array.from({ length: 40 }, (_, index) => reserve(codes, bill(), index % 2 ? one : other)),
    );
    expect(all.map(reasons)).toEqual(Array.from({ length: 40 }, () => ['OF_ANOTHER_MEMBER']));
    const own = await Promise.all(
      Array.from({ length: 40 }, (_, index) => reserve(codes, bill(member), index % 2 ? one : other)),
    );
    expect(own.filter(({ outcome }) => outcome === 'done')).toHaveLength(1);
  });

  it('[L9] gives a coupon and the limit of the person back when the till cancels or dies', async () => {
    const member = await guest();
    const [first = '', second = ''] = await issue(await kind({ perPerson: 1 }), member, 2);
    const use = useOf(await reserve([first], bill(member)));
    expect(reasons(await reserve([second], bill(member)))).toEqual(['LIMIT_REACHED']);
    const cancel = { ...till(), useId: use.useId };
    expect(await one.couponUses.cancel(cancel)).toMatchObject({ use: { state: 'cancelled' }, replayed: false });
    expect(await one.couponUses.cancel(cancel)).toMatchObject({ replayed: true });
    expect(await one.couponUses.confirm({ ...till(), useId: use.useId }, null)).toEqual({
      outcome: 'wrong-state',
      state: 'cancelled',
    });
    const dead = useOf(await one.couponUses.reserve(till(), bill(member), [second], 30));
    clock.advance(31_000);
    await Promise.all([one.couponUses.releaseDue(), other.couponUses.releaseDue()]);
    expect(await one.couponUses.find(dead.useId)).toMatchObject({ state: 'released' });
    expect(useOf(await reserve([first], bill(member))).discountMinor).toBe(1_000);
  });

  it('[L9] answers the same to a repetition and refuses the key for another bill', async () => {
    const member = await guest();
    const codes = await issue(await kind(), member);
    const writing = till();
    const first = useOf(await one.couponUses.reserve(writing, bill(member), codes, 900));
    const again = await other.couponUses.reserve(writing, bill(member), codes, 900);
    expect(again).toMatchObject({ outcome: 'done', use: { useId: first.useId }, replayed: true });
    expect(await one.couponUses.reserve(writing, bill(member, 6_000), codes, 900)).toMatchObject({
      reason: 'IDEMPOTENCY_KEY_REUSED',
    });
  });

  it('[L9] finds what is best for the guest among told and own coupons, with why each other is left out', async () => {
    const member = await guest();
    const stranger = await guest();
    const [own = ''] = await issue(await kind({ valueMinor: 800 }), member);
    const [gold = ''] = await issue(await kind({ tiers: ['gold'] }), member);
    const [elsewhere = ''] = await issue(await kind({ storeIds: [randomUUID()] }), member);
    const [over = ''] = await issue(await kind({ minSpendMinor: 9_999 }), member);
    const [later = ''] = await issue(await kind({ validFrom: '2999-01-01' }), member);
    const [alien = ''] = await issue(await kind(), stranger);
    const wrong = `${own.slice(0, 15)}${own.endsWith('A') ? 'B' : 'A'}`;
    const told = [own.toLowerCase(), alien, wrong, 'nonsense'];
    const result = await one.couponUses.evaluate(bill(member), told);
    if (result.outcome !== 'evaluated') throw new Error(result.outcome);
    expect(result.applied).toMatchObject([{ code: own, discountMinor: 800 }]);
    expect(new Map(result.refused.map(({ code, reason }) => [code, CouponRefusal[reason]]))).toEqual(
      new Map([
        [alien, 'OF_ANOTHER_MEMBER'],
        [wrong, 'MISTYPED'],
        ['nonsense', 'MISTYPED'],
        [gold, 'TIER_NOT_ELIGIBLE'],
        [elsewhere, 'NOT_AT_STORE'],
        [over, 'BELOW_MINIMUM'],
        [later, 'NOT_YET_VALID'],
      ]),
    );
  });

  it('[L9] draws codes of a batch once: the same again, however they are read', async () => {
    const batch = await one.coupons.createBatch(office(), await kind(), 12_000);
    if (batch.outcome !== 'done') throw new Error(batch.outcome);
    const { batchId } = batch.batch;
    const [first, same] = await Promise.all([one, other].map((pod) => pod.coupons.draw(batchId, 0, 5_000)));
    expect(first).toEqual(same);
    const second = await one.coupons.draw(batchId, 5_000, 5_000);
    const rest = await one.coupons.draw(batchId, 10_000, 5_000);
    expect(rest).toHaveLength(2_000);
    const all = [...(first ?? []), ...(second ?? []), ...(rest ?? [])];
    expect(new Set(all).size).toBe(12_000);
    expect(all.every((code) => codeIn(code) === code)).toBe(true);
    expect(await other.coupons.draw(batchId, 9_990, 20)).toEqual(all.slice(9_990, 10_010));
    expect(await one.coupons.draw(batchId, 12_000, 10)).toEqual([]);
    expect(useOf(await reserve([all[7] ?? ''], bill())).discountMinor).toBe(1_000);
  });

  it('[L9][M6] issues one to everybody on a tier, each once, on any number of replicas, and none to who restricted it', async () => {
    const golden = await guest();
    await one.post([aPurchase({ at: store, by: golden, minor: 120_000 })]);
    const restricted = await guest();
    await one.post([aPurchase({ at: store, by: restricted, minor: 120_000 })]);
    await one.rows('INSERT INTO restricted_member VALUES ($1, now(), now())', [restricted.memberId]);
    const plain = await guest();
    await one.post([aPurchase({ at: store, by: plain, minor: 1_000 })]);
    const issued = await one.coupons.issueToTier(office(), await kind(), 'gold');
    if (issued.outcome !== 'done') throw new Error(issued.outcome);
    await Promise.all([one, other, one, other].map((pod) => pod.coupons.issueDue()));
    while ((await one.coupons.issueDue()) > 0);
    expect(await one.coupons.findIssue(issued.issue.issueId)).toMatchObject({ issued: 1, finishedAt: clock.now() });
    const page = { limit: 50, after: undefined };
    expect((await one.coupons.list(golden.memberId, page)).page).toHaveLength(1);
    for (const { memberId } of [plain, restricted]) {
      expect((await one.coupons.list(memberId, page)).page).toHaveLength(0);
    }
  });
});
