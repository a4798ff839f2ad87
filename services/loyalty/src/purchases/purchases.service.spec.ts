import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  HoldReason,
  PendingReason,
  type PostPurchaseResult,
  PurchaseRefusal,
  UnprocessedReason,
} from '@regulars/contracts/loyalty/v1/purchases';
import { forgetOldKeys } from '@regulars/service';
import { TestClock, type TestDatabase } from '@regulars/testing';
import { aMember, aPurchase, aStore, dayBefore, theTerms, today } from '../../test/chain.js';
import { loyaltyDatabase, Pod } from '../../test/pod.js';
import { PostgresProxy } from '../../test/proxy.js';

describe('Posting purchases on a real database', () => {
  const clock = new TestClock(new Date().toISOString());
  let database: TestDatabase;
  let one: Pod;
  let other: Pod;

  beforeAll(async () => {
    database = await loyaltyDatabase();
    one = await Pod.start(database.url, clock);
    other = await Pod.start(database.url, clock, 2);
  });

  afterAll(async () => {
    await Promise.all([one.stop(), other.stop()]);
    await database.drop();
  });

  async function shop(change: Parameters<typeof theTerms>[0] = {}) {
    const store = aStore();
    const programmeId = await one.open(store, theTerms(change), `P${store.storeId.slice(0, 8).toUpperCase()}`);
    return { store, programmeId };
  }

  const creditOf = (result: PostPurchaseResult | undefined) => {
    if (result?.outcome?.$case !== 'credited') throw new Error(JSON.stringify(result));
    return result.outcome.value;
  };

  it('[L1][L4] credits a receipt once, however many tills, keys and pods post it at the same time', async () => {
    const { store, programmeId } = await shop();
    const members = Array.from({ length: 5 }, aMember);
    await one.register(...members);
    const purchases = Array.from({ length: 60 }, (_, n) => aPurchase({ at: store, by: members[n % 5], minor: 1_000 }));
    const posts = [one, other, one, other].map((pod, round) =>
      pod.post(
        round % 2 === 0 ? purchases : [...purchases].reverse(),
        purchases.map((_, n) => `key-${round}-${n}`),
      ),
    );
    const answers = (await Promise.all(posts)).map((results, round) => (round % 2 === 0 ? results : results.reverse()));
    purchases.forEach((_, n) => {
      const credits = answers.map((results) => creditOf(results[n]));
      expect(new Set(credits.map(({ purchaseId, balance }) => `${purchaseId} ${balance}`)).size).toBe(1);
      expect(answers.filter((results) => !results[n]?.replayed)).toHaveLength(1);
    });
    const [sums] = await one.rows<{ entries: number; points: number; balances: number; lots: number; keys: number }>(
      `SELECT (SELECT count(*) FROM entry WHERE programme_id = $1) AS entries,
         (SELECT sum(points) FROM entry WHERE programme_id = $1)::bigint AS points,
         (SELECT sum(balance) FROM account WHERE programme_id = $1)::bigint AS balances,
         (SELECT sum(remaining) FROM lot WHERE programme_id = $1)::bigint AS lots,
         (SELECT count(*) FROM idempotency WHERE caller = $2) AS keys`,
      [programmeId, store.tillId],
    );
    expect(sums).toEqual({ entries: 60, points: 600, balances: 600, lots: 600, keys: 240 });
  });

  it('[L1] answers the same to the same key and tells when it is used for something else', async () => {
    const { store } = await shop();
    const member = aMember();
    await one.register(member);
    const [purchase, another] = [aPurchase({ at: store, by: member }), aPurchase({ at: store, by: member })];
    const [first, again, reused] = await one.post([purchase, purchase, another], ['k', 'k', 'k']);
    expect(again).toEqual({ ...first, replayed: true });
    expect(reused?.outcome).toMatchObject({ value: { reason: PurchaseRefusal.IDEMPOTENCY_KEY_REUSED } });
    const [later] = await other.post([purchase], ['k']);
    expect(later).toEqual({ ...first, replayed: true });
  });

  it('[L1] keeps another body under the same receipt for reconciliation and credits nothing for it', async () => {
    const { store, programmeId } = await shop();
    const member = aMember();
    await one.register(member);
    const purchase = aPurchase({ at: store, by: member, minor: 5_000 });
    const changed = { ...aPurchase({ at: store, by: member, minor: 6_000 }), receipt: purchase.receipt };
    const [first, conflict, again] = await one.post([purchase, changed, changed]);
    const { purchaseId } = creditOf(first);
    const refusal = { $case: 'refused', value: { reason: PurchaseRefusal.RECEIPT_CONFLICT, purchaseId } };
    expect([conflict?.outcome, again?.outcome]).toEqual([refusal, refusal]);
    const kept = await one.rows(`SELECT body FROM receipt_conflict WHERE programme_id = $1`, [programmeId]);
    expect(kept).toMatchObject([{ body: { head: { totalMinor: 6_000 } } }]);
    expect(await one.rows(`SELECT points FROM entry WHERE programme_id = $1`, [programmeId])).toEqual([{ points: 50 }]);
  });

  it('[L1] holds a receipt that a till may have stamped anew with the next business date', async () => {
    const { store } = await shop();
    const member = aMember();
    await one.register(member);
    const late = aPurchase({ at: store, by: member, businessDate: dayBefore(today()), receiptNumber: 'restamped' });
    const rungAt = new Date(`${dayBefore(today())}T15:59:58Z`);
    const before = { ...late, rungAt };
    const after = {
      ...late,
      rungAt: new Date(rungAt.getTime() + 7_000),
      receipt: { ...late.receipt, businessDate: today() } as NonNullable<typeof late.receipt>,
    };
    const [first] = await one.post([before]);
    const [second, repeated] = await one.post([after, after]);
    creditOf(first);
    expect(second?.outcome).toMatchObject({
      $case: 'held',
      value: { reason: HoldReason.BUSINESS_DATE_MAY_BE_RESTAMPED },
    });
    expect(repeated).toEqual({ ...second, replayed: true });
    const tomorrowsCoffee = { ...after, rungAt: new Date(rungAt.getTime() + 86_400_000) };
    const receipt = { ...after.receipt, receiptNumber: 'restamped-2' };
    const [coffee, nextCoffee] = await one.post([
      { ...before, receipt: { ...receipt, businessDate: dayBefore(today()) } },
      { ...tomorrowsCoffee, receipt },
    ]);
    creditOf(coffee);
    creditOf(nextCoffee);
  });

  it('[L3] never credits more than the caps of the day and the month, on two pods at once', async () => {
    const { store } = await shop({ capPerDay: 100, capPerMonth: 130 });
    const member = aMember();
    await one.register(member);
    const days = [today(), dayBefore(today())].filter((day) => day.slice(0, 7) === today().slice(0, 7));
    const posts = Array.from({ length: 40 }, (_, n) => {
      const businessDate = days[n % days.length] as string;
      return (n % 3 === 0 ? one : other).post([aPurchase({ at: store, by: member, minor: 700, businessDate })]);
    });
    const credits = (await Promise.all(posts)).map(([result]) => creditOf(result).pointsEarned);
    const expected = days.length === 2 ? 130 : 100;
    expect(credits.reduce((sum, points) => sum + points, 0)).toBe(expected);
    const [most] = await one.rows<{ points: number }>(
      `SELECT max(points) AS points FROM member_day WHERE member_id = $1`,
      [member.memberId],
    );
    expect(most?.points).toBeLessThanOrEqual(100);
  });

  it('[L4] numbers the entries of a member as they stand in the outbox, without a gap, from two pods', async () => {
    const { store } = await shop();
    const members = Array.from({ length: 3 }, aMember);
    await one.register(...members);
    const posts = Array.from({ length: 120 }, (_, n) =>
      (n % 2 === 0 ? one : other).post([aPurchase({ at: store, by: members[n % 3], minor: 100 })]),
    );
    await Promise.all(posts);
    for (const { memberId } of members) {
      const events = await one.rows<{ member_seq: number }>(
        `SELECT member_seq FROM outbox WHERE aggregateid = $1 ORDER BY ord`,
        [memberId],
      );
      expect(events.map(({ member_seq }) => member_seq)).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
    }
  });

  it('[L7] promotes at once and counts the better tier from the next purchase on, within one batch', async () => {
    const { store } = await shop();
    const member = aMember();
    await one.register(member);
    const [first, second] = await one.post([
      aPurchase({ at: store, by: member, minor: 100_000 }),
      aPurchase({ at: store, by: member, minor: 10_000 }),
    ]);
    expect(creditOf(first)).toMatchObject({ pointsEarned: 1_000, tier: { tier: 'gold', nextTier: '' } });
    expect(creditOf(second)).toMatchObject({ pointsEarned: 150, balance: 1_150 });
  });

  it('[L1] isolates the one item that makes its transaction fail', async () => {
    const { store, programmeId } = await shop();
    const member = aMember();
    await one.register(member);
    await one.rows(`ALTER TABLE purchase ADD CONSTRAINT poison CHECK (channel <> 'poison') NOT VALID`);
    const purchases = Array.from({ length: 40 }, (_, n) => {
      const purchase = aPurchase({ at: store, by: member, minor: 100 });
      return n === 17 ? { ...purchase, channel: 'poison' } : purchase;
    });
    const results = await one.post(purchases);
    await one.rows(`ALTER TABLE purchase DROP CONSTRAINT poison`);
    expect(results[17]?.outcome).toEqual({ $case: 'unprocessed', value: { reason: UnprocessedReason.DEFECT } });
    expect(results.filter((result) => result.outcome?.$case === 'credited')).toHaveLength(39);
    const [{ count } = { count: 0 }] = await one.rows<{ count: number }>(
      `SELECT count(*) AS count FROM entry WHERE programme_id = $1`,
      [programmeId],
    );
    expect(count).toBe(39);
  });

  describe('behind a connection that breaks', () => {
    let proxy: PostgresProxy;
    let pod: Pod;

    beforeAll(async () => {
      proxy = await PostgresProxy.before(database.url);
      pod = await Pod.start(proxy.url, clock);
    });

    afterAll(async () => {
      await pod.stop();
      await proxy.close();
    });

    it('[L1] finds out what became of a COMMIT that was cut off before its answer', async () => {
      const { store, programmeId } = await shop();
      const member = aMember();
      await one.register(member);
      await pod.post([aPurchase({ at: store, by: member, minor: 100 })]);
      proxy.cutAfterCommit(2);
      const results = await pod.post(
        Array.from({ length: 10 }, () => aPurchase({ at: store, by: member, minor: 100 })),
      );
      expect(results.map((result) => creditOf(result).pointsEarned)).toEqual(Array.from({ length: 10 }, () => 1));
      const [sums] = await one.rows(
        `SELECT count(*) AS entries, max(member_seq) AS seq FROM entry WHERE programme_id = $1`,
        [programmeId],
      );
      expect(sums).toEqual({ entries: 11, seq: 11 });
    });

    it('[L1] writes to the log also for a batch that only repeats answers', async () => {
      const { store } = await shop();
      const member = aMember();
      await one.register(member);
      const purchases = [aPurchase({ at: store, by: member }), aPurchase({ at: store, by: member })];
      await pod.post(purchases, ['w1', 'w2']);
      await pod.post(purchases.slice(0, 1), ['w1']);
      proxy.countSent('');
      await pod.post(purchases, ['w1', 'w2']);
      expect(proxy.countSent('replay')).toBe(1);
      await pod.post([aPurchase({ at: store, by: member })], ['w3']);
      expect(proxy.countSent('replay')).toBe(0);
    });
  });

  it('[L1] credits a member that registers later once, however the till told it and whoever notices', async () => {
    const { store, programmeId } = await shop();
    const [byId, byNumber, byCode] = [aMember(), aMember(), aMember()];
    const purchases = [
      aPurchase({ at: store, by: byId }),
      { ...aPurchase({ at: store }), member: { by: { $case: 'number', value: byNumber.number } } as const },
      {
        ...aPurchase({ at: store }),
        member: { by: { $case: 'codeTokenSha256', value: byCode.codeTokenSha256 } } as const,
      },
    ];
    const first = await one.post(purchases, ['p1', 'p2', 'p3']);
    expect(first.map(({ outcome }) => outcome)).toMatchObject(
      purchases.map(() => ({ $case: 'pending', value: { reason: PendingReason.MEMBER_NOT_KNOWN_YET } })),
    );
    await one.register(byId, byNumber, byCode);
    await Promise.all([one.pending.creditDue(), other.pending.creditDue(), one.pending.creditDue()]);
    const entries = await one.rows(`SELECT member_id, points FROM entry WHERE programme_id = $1`, [programmeId]);
    expect(entries).toHaveLength(3);
    const [byKey] = await other.post(purchases.slice(0, 1), ['p1']);
    const [byReceipt] = await other.post(purchases.slice(0, 1), ['p9']);
    expect(byKey).toEqual({ ...first[0], replayed: true });
    expect(creditOf(byReceipt)).toMatchObject({ memberId: byId.memberId, pointsEarned: 50 });
    expect(await one.rows(`SELECT 1 FROM pending_purchase WHERE programme_id = $1`, [programmeId])).toEqual([]);
  });

  it('[L2] credits an anonymous receipt to who claims it, once, and to nobody who guesses', async () => {
    const { store, programmeId } = await shop();
    const [holder, stranger] = [aMember(), aMember()];
    await one.register(holder, stranger);
    const purchase = aPurchase({ at: store, minor: 8_800 });
    await one.post([purchase]);
    const receipt = purchase.receipt as NonNullable<typeof purchase.receipt>;
    const claim = { caller: 'app', key: undefined, receipt, memberId: holder.memberId, totalMinor: 8_800 };
    expect(await one.purchases.claim({ ...claim, totalMinor: 8_801 })).toMatchObject({ reason: 'NOT_FOUND' });
    const claims = await Promise.all([one.purchases.claim(claim), other.purchases.claim({ ...claim, key: 'c1' })]);
    expect(claims.map((answer) => answer?.outcome)).toEqual(['answered', 'answered']);
    expect(await other.purchases.claim({ ...claim, memberId: stranger.memberId })).toMatchObject({
      reason: 'ALREADY_CREDITED',
    });
    const entries = await one.rows(`SELECT member_id, points FROM entry WHERE programme_id = $1`, [programmeId]);
    expect(entries).toEqual([{ member_id: holder.memberId, points: 88 }]);
  });

  it('credits the member into whom another was merged', async () => {
    const { store } = await shop();
    const [gone, kept] = [aMember(), aMember()];
    await one.register(gone, kept);
    await one.rows(`UPDATE member SET merged_into = $2 WHERE member_id = $1`, [gone.memberId, kept.memberId]);
    const [result] = await one.post([aPurchase({ at: store, by: gone })]);
    expect(creditOf(result).memberId).toBe(kept.memberId);
  });

  it('[L3] decides by a version that another pod published a moment ago', async () => {
    const { store, programmeId } = await shop();
    const member = aMember();
    await one.register(member);
    const purchase = () => aPurchase({ at: store, by: member, minor: 1_000 });
    const [before] = await other.post([purchase()]);
    await one.programmes.draft('wang', programmeId, theTerms({ points: 7 }));
    await one.programmes.publish('wang', programmeId, 2, today());
    const [after] = await other.post([purchase()]);
    expect([creditOf(before).pointsEarned, creditOf(after).pointsEarned]).toEqual([10, 70]);
  });

  it('[L1] forgets a key after a month, but not the receipt', async () => {
    const { store } = await shop();
    const member = aMember();
    await one.register(member);
    const purchase = aPurchase({ at: store, by: member });
    const [first] = await one.post([purchase], ['old']);
    expect(await forgetOldKeys(one.dataSource, 30)).toBe(0);
    await one.rows(`UPDATE idempotency SET created_at = created_at - interval '31 days' WHERE caller = $1`, [
      store.tillId,
    ]);
    expect(await forgetOldKeys(one.dataSource, 30)).toBe(1);
    const [again, other] = await one.post([purchase, aPurchase({ at: store, by: member })], ['new', 'old']);
    expect(again).toEqual({ ...first, replayed: true });
    creditOf(other);
  });

  it('[L1] says what it does not know: store, till, programme, currency', async () => {
    const { store } = await shop();
    const member = aMember();
    await one.register(member);
    const unknownTill = { ...store, tillId: aStore().tillId };
    const noProgramme = aStore();
    await one.know(noProgramme);
    const results = await one.post([
      aPurchase({ at: aStore(), by: member }),
      aPurchase({ at: unknownTill, by: member }),
      aPurchase({ at: noProgramme, by: member }),
      { ...aPurchase({ at: store, by: member }), currency: 'EUR' },
    ]);
    expect(results.map(({ outcome }) => (outcome?.$case === 'refused' ? outcome.value.reason : outcome))).toEqual([
      PurchaseRefusal.UNKNOWN_STORE,
      PurchaseRefusal.UNKNOWN_TILL,
      PurchaseRefusal.NO_PROGRAMME,
      PurchaseRefusal.CURRENCY_NOT_OF_PROGRAMME,
    ]);
  });
});
