import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestClock, type TestDatabase } from '@regulars/testing';
import { aMember, aPurchase, aStore, type TestMember, theTerms } from '../../test/chain.js';
import { loyaltyDatabase, Pod } from '../../test/pod.js';

const page = { limit: 50, after: undefined };
const DAY_MS = 86_400_000;

describe('Tiers of members, on a real database', () => {
  const start = new Date().toISOString();
  const clock = new TestClock(start);
  const store = aStore();
  let database: TestDatabase;
  let pod: Pod;

  beforeAll(async () => {
    database = await loyaltyDatabase();
    pod = await Pod.start(database.url, clock);
    const tierReview = { everyMonths: 1, noticeDays: 10, graceDays: 5 };
    await pod.open(store, { ...theTerms(), tierPeriodMonths: 1, tierReview });
  });

  afterAll(async () => {
    await pod.stop();
    await database.drop();
  });

  const today = () => new Date(clock.now().getTime() + 4 * 3_600_000).toISOString().slice(0, 10);
  const buy = (by: TestMember, minor: number, number?: string) =>
    pod.post([aPurchase({ at: store, by, minor, businessDate: today(), ...(number && { receiptNumber: number }) })]);
  const kinds = async ({ memberId }: TestMember) =>
    (await pod.tiers.changes(memberId, page)).page.map(({ kind }) => kind).reverse();

  async function aGoldMember(): Promise<TestMember> {
    clock.set(start);
    const member = aMember();
    await pod.register(member);
    await buy(member, 100_000);
    return member;
  }

  async function pass(days: number): Promise<void> {
    for (let day = 0; day < days; day += 1) {
      clock.advance(DAY_MS);
      while ((await pod.tiers.reviewDue()) > 0);
    }
  }

  it('[L7] promotes at once with the purchase, tells it once, and earns by the new tier from the next purchase on', async () => {
    const member = await aGoldMember();
    const [next] = await buy(member, 10_000);
    expect(next?.outcome).toMatchObject({ value: { pointsEarned: 150, tier: { tier: 'gold' } } });
    expect(await kinds(member)).toEqual(['promoted']);
    const events = await pod.rows(
      `SELECT payload->>'toTier' AS tier FROM outbox WHERE aggregateid = $1 AND type = 'regulars.loyalty.v1.TierChanged'`,
      [member.memberId],
    );
    expect(events).toEqual([{ tier: 'gold' }]);
  });

  it('[L7] keeps the tier until its review although the period has moved on, and multiplies by it', async () => {
    clock.set(start);
    const member = aMember();
    await pod.register(member);
    // The period of a month has as many days as the month before it; the tier is kept a little longer than that by grace.
    await buy(member, 100_000);
    await pass(33);
    const [bought] = await buy(member, 10_000);
    expect(bought?.outcome).toMatchObject({ value: { pointsEarned: 150, tier: { tier: 'gold', spentMinor: 10_000 } } });
    expect(await pod.tiers.tier(member.memberId, undefined)).toMatchObject({
      balance: { standing: { tier: { code: 'gold' } } },
      kept: { stage: 'grace' },
    });
  });

  it('[L7] gives notice of what to spend by when, then grace, then the downgrade: each once, as events', async () => {
    const member = await aGoldMember();
    await pass(40);
    expect(await kinds(member)).toEqual(['promoted', 'noticed', 'grace', 'downgraded']);
    const [notice] = await pod.rows<{ payload: Record<string, unknown> }>(
      `SELECT payload FROM outbox WHERE aggregateid = $1 AND type = 'regulars.loyalty.v1.TierAtRisk' ORDER BY ord LIMIT 1`,
      [member.memberId],
    );
    expect(notice?.payload).toMatchObject({ tier: 'gold', missingMinor: 100_000 });
    expect(await pod.tiers.tier(member.memberId, undefined)).toMatchObject({ kept: { tier: 'regular' } });
  });

  it('[L7] keeps who spends what was missing, and shows the purchases that counted', async () => {
    const member = await aGoldMember();
    await pass(25);
    await buy(member, 60_000, 'first');
    await buy(member, 40_000, 'second');
    await pass(15);
    expect(await kinds(member)).toEqual(['promoted', 'noticed', 'kept']);
    const [last] = (await pod.tiers.changes(member.memberId, page)).page;
    const explained = await pod.tiers.explain(member.memberId, last?.changeId ?? '', page);
    expect(explained?.page.map(({ countedMinor }) => countedMinor).slice(-2)).toEqual([60_000, 40_000]);
    expect(explained?.change.spentMinor).toBeGreaterThanOrEqual(100_000);
  });

  it('[L6][L7] takes the tier back when the purchases that reached it are refunded, not when points are spent or end', async () => {
    const member = await aGoldMember();
    const [row] = await pod.rows<{ receipt_number: string }>(
      `SELECT receipt_number FROM purchase WHERE member_id = $1`,
      [member.memberId],
    );
    await pod.rows(`UPDATE lot SET remaining = 0, expired = points WHERE member_id = $1`, [member.memberId]);
    while ((await pod.tiers.reviewDue()) > 0);
    expect(await kinds(member)).toEqual(['promoted']);
    const { storeId, tillId } = store;
    const receipt = (receiptNumber: string) => ({ storeId, tillId, businessDate: today(), receiptNumber });
    const refund = {
      purchase: receipt(row?.receipt_number ?? ''),
      refund: receipt('back'),
      rungAt: new Date(0),
      lines: [],
    };
    await pod.refund([refund]);
    while ((await pod.tiers.reviewDue()) > 0);
    expect(await kinds(member)).toEqual(['promoted', 'revoked']);
    expect(await pod.tiers.tier(member.memberId, undefined)).toMatchObject({
      kept: { tier: 'regular', dueOn: undefined },
    });
  });

  it('[L7] grants a tier by hand with reason and end, which no refund revokes and the review ends', async () => {
    clock.set(start);
    const member = aMember();
    await pod.register(member);
    await buy(member, 1_000);
    const until = new Date(clock.now().getTime() + 20 * DAY_MS).toISOString().slice(0, 10);
    const granting = {
      memberId: member.memberId,
      programmeId: undefined,
      tier: 'gold',
      until,
      reason: 'Press',
      actor: 'wang',
      idempotencyKey: 'first',
    };
    expect(await pod.tiers.grant({ ...granting, tier: 'tin', until: '2020-01-01', reason: ' ' })).toMatchObject({
      faults: [{ pointer: '/tier' }, { pointer: '/until' }, { pointer: '/reason' }],
    });
    expect(await pod.tiers.grant(granting)).toMatchObject({
      outcome: 'found',
      balance: { standing: { tier: { code: 'gold' } } },
    });
    await pass(40);
    expect(await kinds(member)).toEqual(['granted', 'grace', 'downgraded']);
  });

  it('[L7] grants a tier once however often it is asked under one key, and refuses another body under it', async () => {
    clock.set(start);
    const member = aMember();
    await pod.register(member);
    await buy(member, 1_000);
    const until = new Date(clock.now().getTime() + 20 * DAY_MS).toISOString().slice(0, 10);
    const { memberId } = member;
    const by = { actor: 'wang', idempotencyKey: 'once' };
    const granting = { memberId, programmeId: undefined, tier: 'gold', until, reason: 'Press', ...by };
    const granted = await Promise.all([pod.tiers.grant(granting), pod.tiers.grant(granting)]);
    expect(granted.map((each) => each.outcome === 'found' && each.replayed).sort()).toEqual([false, true]);
    expect(await pod.tiers.grant({ ...granting, reason: 'Friend' })).toEqual({
      outcome: 'refused',
      reason: 'IDEMPOTENCY_KEY_REUSED',
    });
    expect(await kinds(member)).toEqual(['granted']);
  });

  it('[O4][L7] notes a grant in the configuration log, and a dry run of it tells how it would stand and leaves nothing', async () => {
    clock.set(start);
    const member = aMember();
    await pod.register(member);
    await buy(member, 1_000);
    const until = new Date(clock.now().getTime() + 20 * DAY_MS).toISOString().slice(0, 10);
    const { memberId } = member;
    const by = { actor: 'wang', idempotencyKey: 'tried' };
    const granting = { memberId, programmeId: undefined, tier: 'gold', until, reason: 'Press', ...by };
    const logged = () =>
      pod.rows(`SELECT principal, change, after FROM configuration_log WHERE record_id = $1`, [memberId]);
    const gold = { outcome: 'found', balance: { standing: { tier: { code: 'gold' } } }, kept: { until } };
    expect(await pod.tiers.grant(granting, true)).toMatchObject({ ...gold, replayed: false });
    expect([await kinds(member), await logged()]).toEqual([[], []]);
    const granted = await pod.tiers.grant(granting);
    expect(granted).toMatchObject({ ...gold, replayed: false });
    const programmeId = granted.outcome === 'found' ? granted.balance.programmeId : '';
    const line = { principal: 'wang', change: 'tier-granted', after: { programmeId, tier: 'gold', until } };
    expect([await kinds(member), await logged()]).toEqual([['granted'], [line]]);
    expect(await pod.tiers.grant(granting, true)).toMatchObject({ ...gold, replayed: true });
  });

  it('[L7] reviews many members in bounded batches, each once, also when two processes review', async () => {
    clock.set(start);
    const members = Array.from({ length: 450 }, aMember);
    await pod.register(...members);
    await pod.post(members.map((by) => aPurchase({ at: store, by, minor: 100_000, businessDate: today() })));
    clock.advance(22 * DAY_MS);
    const other = await Pod.start(database.url, clock);
    const most = await pod.tiers.reviewDue();
    expect(most).toBeLessThanOrEqual(200);
    await Promise.all(
      [pod, other].map(async (each) => {
        while ((await each.tiers.reviewDue()) > 0);
      }),
    );
    await other.stop();
    const told = await pod.rows<{ count: number }>(
      `SELECT count(*) AS count FROM tier_change WHERE kind = 'noticed' AND member_id = ANY ($1::uuid[])`,
      [members.map(({ memberId }) => memberId)],
    );
    expect(told).toEqual([{ count: 450 }]);
  });
});
