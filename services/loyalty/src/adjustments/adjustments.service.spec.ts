import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestClock, type TestDatabase } from '@regulars/testing';
import fc from 'fast-check';
import { aMember, aPurchase, aStore, type TestMember, theTerms } from '../../test/chain.js';
import { loyaltyDatabase, Pod } from '../../test/pod.js';
import { needsSecondPerson, whyNotDecide } from './adjustment.js';
import type { Adjusted } from './adjustments.service.js';

describe('Whether a second person has to agree', () => {
  it('[L14] counts everything together, so that splitting is no way around', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -400, max: 400 })), fc.integer({ min: 1, max: 1_000 }), (parts, limit) => {
        let alone = 0;
        for (const part of parts) if (!needsSecondPerson(part, alone, limit)) alone += Math.abs(part);
        expect(alone).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it('[L14] lets nobody agree to what they proposed, and nobody decide twice', () => {
    expect(whyNotDecide({ state: 'proposed', requestedBy: 'lin' }, 'lin')).toBe('OWN_PROPOSAL');
    expect(whyNotDecide({ state: 'proposed', requestedBy: 'lin' }, 'wang')).toBeUndefined();
    expect(whyNotDecide({ state: 'booked', requestedBy: 'lin' }, 'wang')).toBe('NOT_PROPOSED');
    expect(whyNotDecide({ state: 'rejected', requestedBy: 'lin' }, 'wang')).toBe('NOT_PROPOSED');
  });
});

describe('Adjusting on a real database', () => {
  const clock = new TestClock(new Date().toISOString());
  const store = aStore();
  let database: TestDatabase;
  let one: Pod;
  let other: Pod;
  let programmeId: string;

  beforeAll(async () => {
    database = await loyaltyDatabase();
    one = await Pod.start(database.url, clock);
    other = await Pod.start(database.url, clock);
    programmeId = await one.open(store, theTerms());
  });

  afterAll(async () => {
    await Promise.all([one.stop(), other.stop()]);
    await database.drop();
  });

  const by = (caller: string) => ({ caller, key: randomUUID() });

  async function guest(points = 0): Promise<TestMember> {
    const member = aMember();
    await one.register(member);
    if (points > 0) await one.post([aPurchase({ at: store, by: member, minor: points * 100 })]);
    return member;
  }

  const asking = ({ memberId }: TestMember, points: number) =>
    ({ memberId, programmeId, points, kind: 'goodwill', reason: '汤洒了，向客人致歉' }) as const;

  function done(result: Adjusted) {
    if (result.outcome !== 'done') throw new Error(JSON.stringify(result));
    return result.adjustment;
  }

  async function balanceOf({ memberId }: TestMember): Promise<number> {
    const [row] = await one.rows<{ balance: number; entries: number; lots: number }>(
      `SELECT coalesce((SELECT balance FROM account WHERE member_id = $1), 0)::bigint AS balance,
         coalesce((SELECT sum(points) FROM entry WHERE member_id = $1), 0)::bigint AS entries,
         coalesce((SELECT sum(remaining) FROM lot WHERE member_id = $1), 0)::bigint AS lots`,
      [memberId],
    );
    if (!row) throw new Error('no row');
    expect([row.entries, row.lots]).toEqual([row.balance, row.balance]);
    return row.balance;
  }

  it('[L14] books what is within the limit at once, once for each key', async () => {
    const member = await guest();
    const writing = by('agent-lin');
    const first = await one.adjustments.request(writing, asking(member, 300));
    expect(done(first)).toMatchObject({ state: 'booked', points: 300, requestedBy: 'agent-lin' });
    expect(await other.adjustments.request(writing, asking(member, 300))).toMatchObject({ replayed: true });
    expect(await one.adjustments.request(writing, asking(member, 301))).toMatchObject({
      reason: 'IDEMPOTENCY_KEY_REUSED',
    });
    expect(await balanceOf(member)).toBe(300);
  });

  it('[L14] keeps what is above the limit, also when it is split, until somebody else agrees', async () => {
    const member = await guest();
    done(await one.adjustments.request(by('agent-lin'), asking(member, 400)));
    const proposed = done(await one.adjustments.request(by('agent-lin'), asking(member, 200)));
    expect(proposed.state).toBe('proposed');
    expect(await balanceOf(member)).toBe(400);
    const { adjustmentId } = proposed;
    expect(await one.adjustments.decide(by('agent-lin'), adjustmentId, true)).toMatchObject({ reason: 'OWN_PROPOSAL' });
    const both = await Promise.all(
      [one, other].map((pod, index) => pod.adjustments.decide(by(`supervisor-${index}`), adjustmentId, true)),
    );
    expect(both.map((each) => (each.outcome === 'done' ? each.adjustment.state : each.reason)).sort()).toEqual([
      'NOT_PROPOSED',
      'booked',
    ]);
    expect(await balanceOf(member)).toBe(600);
  });

  it('[O4][L14] tells what a decision would lead to, and decides nothing', async () => {
    const member = await guest();
    const { adjustmentId } = done(await one.adjustments.request(by('agent-lin'), asking(member, 5_000)));
    const decide = async (approve: boolean, caller: string) =>
      one.adjustments.decide({ ...by(caller), isDryRun: true }, adjustmentId, approve);
    expect(done(await decide(true, 'supervisor')).state).toBe('booked');
    expect(done(await decide(false, 'supervisor')).state).toBe('rejected');
    expect(await decide(true, 'agent-lin')).toMatchObject({ reason: 'OWN_PROPOSAL' });
    expect(await balanceOf(member)).toBe(0);
    expect(done(await one.adjustments.decide(by('supervisor'), adjustmentId, true)).state).toBe('booked');
    expect(await balanceOf(member)).toBe(5_000);
  });

  it('[L14] gives nothing that was rejected', async () => {
    const member = await guest();
    const { adjustmentId } = done(await one.adjustments.request(by('agent-lin'), asking(member, 5_000)));
    const waiting = await one.adjustments.list('proposed', { limit: 1, after: undefined });
    expect(waiting.page).toMatchObject([{ adjustmentId }]);
    expect(done(await one.adjustments.decide(by('supervisor'), adjustmentId, false)).state).toBe('rejected');
    expect(await balanceOf(member)).toBe(0);
  });

  it('[L14] takes points out of the oldest lots and never below zero', async () => {
    const member = await guest(250);
    expect(done(await one.adjustments.request(by('agent-wu'), asking(member, -200))).state).toBe('booked');
    expect(await one.adjustments.request(by('agent-wu'), asking(member, -51))).toMatchObject({
      reason: 'NOT_ENOUGH_POINTS',
    });
    expect(await balanceOf(member)).toBe(50);
    expect(await one.adjustments.request(by('agent-wu'), asking(aMember(), 1))).toMatchObject({
      reason: 'MEMBER_UNKNOWN',
    });
  });
});
