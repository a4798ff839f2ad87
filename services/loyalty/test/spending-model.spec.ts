import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Rounding } from '@regulars/contracts/loyalty/v1/programmes';
import type { Purchase, Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import { RewardKind } from '@regulars/contracts/loyalty/v1/rewards';
import { TestClock, type TestDatabase } from '@regulars/testing';
import fc from 'fast-check';
import type { RedemptionRow } from '../src/redemptions/redemption.js';
import { aMember, aPurchase, aStore, type TestMember, type TestStore, theTerms } from './chain.js';
import { aCouponKind } from './coupons.js';
import { loyaltyDatabase, Pod } from './pod.js';
import { aReserving, aReward } from './rewards.js';

interface Programme {
  readonly points: number;
  readonly rounding: Rounding;
  /** 0: points for ever. */
  readonly months: number;
}

type Command =
  | { readonly do: 'buy'; readonly who: number; readonly quarters: number }
  | { readonly do: 'reserve'; readonly who: number; readonly points: number }
  | { readonly do: 'confirm'; readonly which: number; readonly receipt: number | undefined }
  | { readonly do: 'cancel'; readonly which: number }
  | { readonly do: 'refund'; readonly receipt: number; readonly quarters: number }
  | { readonly do: 'use-coupon'; readonly who: number; readonly receipt: number }
  | { readonly do: 'adjust'; readonly who: number; readonly points: number }
  | { readonly do: 'pass'; readonly days: number };

const MEMBERS = 2;
/** Purchases lie in partitions that are there three months ahead. */
const MOST_DAYS = 70;

const who = fc.nat(MEMBERS - 1);
const which = fc.nat(11);
const programmes = fc.record({
  points: fc.integer({ min: 1, max: 3 }),
  rounding: fc.constantFrom(Rounding.DOWN, Rounding.HALF_UP, Rounding.UP),
  months: fc.constantFrom(0, 1, 2),
});
const commands = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('buy' as const), who, quarters: fc.integer({ min: 100, max: 4_000 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('reserve' as const), who, points: fc.integer({ min: 1, max: 60 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('confirm' as const),
        which,
        receipt: fc.option(which, { nil: undefined }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), which }) },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('refund' as const),
        receipt: which,
        quarters: fc.integer({ min: 1, max: 4 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('use-coupon' as const), who, receipt: which }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('adjust' as const), who, points: fc.integer({ min: -40, max: 40 }) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), days: fc.integer({ min: 10, max: 35 }) }) },
  ),
  { minLength: 6, maxLength: 24 },
);

describe('Points spent, given back and ended, against what the answers said', () => {
  const start = new Date().toISOString();
  const clock = new TestClock(start);
  let database: TestDatabase;
  let pod: Pod;

  beforeAll(async () => {
    database = await loyaltyDatabase();
    pod = await Pod.start(database.url, clock);
  });

  afterAll(async () => {
    await pod.stop();
    await database.drop();
  });

  it('[L4][L6][L8][L9][L14] balance after every step, and no sequence of refunds ends richer than it began', async () => {
    await fc.assert(
      fc.asyncProperty(programmes, commands, async (programme, all) => {
        clock.set(start);
        const world = await World.make(pod, clock, programme);
        for (const command of all) await world.run(command);
        await world.giveAllBack();
      }),
      { numRuns: 15, endOnFailure: true, interruptAfterTimeLimit: 15_000 },
    );
  });
});

interface Bought {
  readonly purchase: Purchase;
  readonly who: number;
  refunded: number;
}

interface Held {
  readonly row: RedemptionRow;
  stands: 'open' | 'cancelled' | 'spent';
  receipt: Bought | undefined;
}

class World {
  private readonly bought: Bought[] = [];
  private readonly held: Held[] = [];
  /** What every answer and every end of points came to, summed. */
  private readonly expected: number[] = Array.from({ length: MEMBERS }, () => 0);
  /** What was given and taken by hand. */
  private readonly given: number[] = Array.from({ length: MEMBERS }, () => 0);
  private daysPassed = 0;

  private constructor(
    private readonly pod: Pod,
    private readonly clock: TestClock,
    private readonly store: TestStore,
    private readonly members: readonly TestMember[],
    private readonly programmeId: string,
    private readonly yuan: string,
    private readonly coupons: readonly string[][],
    private readonly endsNever: boolean,
  ) {}

  static async make(pod: Pod, clock: TestClock, { points, rounding, months }: Programme): Promise<World> {
    const store = aStore();
    const members = Array.from({ length: MEMBERS }, aMember);
    const terms = {
      ...theTerms({ points, rounding }),
      acceptDaysBack: 400,
      expiry: months === 0 ? { policy: undefined } : { policy: { $case: 'rollingMonths' as const, value: months } },
    };
    const programmeId = await pod.open(store, terms, `S-${randomUUID().slice(0, 8).toUpperCase()}`);
    await pod.register(...members);
    // An anonymous purchase, with which the new programme is noticed although the clock was set back.
    await pod.post([aPurchase({ at: store, minor: 100 })]);
    const key = () => ({ caller: 'office', key: randomUUID() });
    const money = { code: 'YUAN', kind: RewardKind.MONEY_OFF, points: 1, valueMinor: 100 };
    const reward = await pod.rewards.create(key(), aReward(programmeId, money), undefined);
    const kind = await pod.coupons.define(key(), aCouponKind(programmeId));
    if (reward.outcome !== 'done' || kind.outcome !== 'done') throw new Error('no offers');
    const coupons = await Promise.all(
      members.map(async ({ memberId }) => {
        const issued = await pod.coupons.issue(key(), kind.definition.definitionId, memberId, 2);
        return issued.outcome === 'done' ? issued.coupons.map(({ code }) => code) : [];
      }),
    );
    return new World(pod, clock, store, members, programmeId, reward.reward.rewardId, coupons, months === 0);
  }

  async run(command: Command): Promise<void> {
    await this.do(command);
    await this.check();
  }

  /** Everything goes back: what is left is what was given by hand less what was spent for good, and less what ended. */
  async giveAllBack(): Promise<void> {
    for (const held of this.held) if (held.stands === 'open') await this.cancel(held);
    for (const bought of this.bought) if (bought.refunded < 4) await this.refund(bought, 4 - bought.refunded);
    await this.check();
    this.members.forEach(({ memberId }, index) => {
      const spent = this.held
        .filter(({ row, receipt, stands }) => row.memberId === memberId && stands === 'spent' && !receipt)
        .reduce((sum, { row }) => sum + row.points, 0);
      const fair = (this.given[index] ?? 0) - spent;
      expect(this.expected[index]).toBeLessThanOrEqual(fair);
      if (this.endsNever) expect(this.expected[index]).toBe(fair);
    });
    const free = await this.pod.rows<{ n: number }>(
      `SELECT count(*)::int AS n FROM coupon WHERE member_id = ANY ($1::uuid[]) AND state <> 'issued'`,
      [this.members.map(({ memberId }) => memberId)],
    );
    expect(free).toEqual([{ n: 0 }]);
  }

  private async do(command: Command): Promise<void> {
    switch (command.do) {
      case 'buy':
        return this.buy(command.who, command.quarters * 4);
      case 'reserve':
        return this.reserve(command.who, command.points);
      case 'confirm': {
        const held = this.held[command.which];
        const receipt = command.receipt === undefined ? undefined : this.bought[command.receipt];
        return held?.stands === 'open' ? this.confirm(held, receipt) : undefined;
      }
      case 'cancel': {
        const held = this.held[command.which];
        return held?.stands === 'open' ? this.cancel(held) : undefined;
      }
      case 'refund': {
        const bought = this.bought[command.receipt];
        return bought ? this.refund(bought, command.quarters) : undefined;
      }
      case 'use-coupon': {
        const receipt = this.bought[command.receipt];
        return receipt ? this.useCoupon(command.who, receipt) : undefined;
      }
      case 'adjust':
        return this.adjust(command.who, command.points);
      case 'pass':
        return this.pass(command.days);
    }
  }

  private async buy(index: number, minor: number): Promise<void> {
    const purchase = aPurchase({ at: this.store, by: this.members[index], minor, businessDate: this.today() });
    const [result] = await this.pod.post([purchase]);
    if (result?.outcome?.$case !== 'credited') throw new Error(JSON.stringify(result));
    this.move(index, result.outcome.value.pointsEarned);
    expect(result.outcome.value.balance).toBe(this.expected[index]);
    this.bought.push({ purchase, who: index, refunded: 0 });
  }

  private async reserve(index: number, points: number): Promise<void> {
    const reserving = aReserving(this.store, this.members[index] as TestMember, this.yuan, { quantity: points });
    const reserved = await this.pod.redemptions.reserve(reserving);
    expect(reserved.outcome === 'done').toBe((this.expected[index] ?? 0) >= points);
    if (reserved.outcome !== 'done') return;
    this.move(index, -points);
    expect(reserved.balance).toBe(this.expected[index]);
    this.held.push({ row: reserved.row, stands: 'open', receipt: undefined });
  }

  private async confirm(held: Held, bought: Bought | undefined): Promise<void> {
    const receipt = bought?.purchase.receipt ?? null;
    const confirmed = await this.pod.redemptions.confirm({ ...this.key(), row: held.row }, receipt);
    expect(confirmed.outcome).toBe(bought?.refunded === 4 ? 'receipt-refunded' : 'done');
    if (confirmed.outcome !== 'done') return;
    held.stands = 'spent';
    held.receipt = bought;
  }

  private async cancel(held: Held): Promise<void> {
    const before = await this.balances();
    const cancelled = await this.pod.redemptions.cancel({ ...this.key(), row: held.row });
    expect(cancelled.outcome).toBe('done');
    held.stands = 'cancelled';
    // What ended while it was held does not come back, and never more than was taken.
    (await this.balances()).forEach((balance, index) => {
      const back = balance - (before[index] ?? 0);
      const most = this.idOf(index) === held.row.memberId ? held.row.points : 0;
      expect(back).toBeGreaterThanOrEqual(this.endsNever ? most : 0);
      expect(back).toBeLessThanOrEqual(most);
      this.move(index, back);
    });
  }

  private async refund(bought: Bought, quarters: number): Promise<void> {
    const { receipt, totalMinor } = bought.purchase;
    const before = await this.balances();
    const [result] = await this.pod.refund([
      {
        purchase: receipt,
        refund: receipt && { ...receipt, receiptNumber: randomUUID(), businessDate: this.today() },
        rungAt: this.clock.now(),
        lines: [{ line: 0, quantityMilli: 250 * quarters, amountMinor: (totalMinor / 4) * quarters }],
      },
    ]);
    const outcome = result?.outcome;
    const isTooMuch = bought.refunded + quarters > 4;
    expect(outcome?.$case).toBe(isTooMuch ? 'refused' : 'takenBack');
    if (outcome?.$case !== 'takenBack') return;
    bought.refunded += quarters;
    const { pointsTaken, pointsOwed, pointsReturned } = outcome.value;
    const change = (await this.balances()).map((balance, index) => balance - (before[index] ?? 0));
    expect(change.reduce((sum, each) => sum + each, 0)).toBe(pointsReturned - pointsTaken - pointsOwed);
    change.forEach((each, index) => {
      this.move(index, each);
    });
  }

  private async useCoupon(index: number, receipt: Bought): Promise<void> {
    const { memberId } = this.members[index] as TestMember;
    const { storeId, tillId } = this.store;
    const lines = [{ sku: 'noodles', category: 'food', quantityMilli: 1_000, amountMinor: 5_000 }];
    const bill = { storeId, tillId, member: { by: { $case: 'memberId' as const, value: memberId } }, lines };
    for (const code of this.coupons[index] ?? []) {
      const reserved = await this.pod.couponUses.reserve(this.key(), bill, [code], 900);
      if (reserved.outcome !== 'done') continue;
      const { useId } = reserved.use;
      const confirmed = await this.pod.couponUses.confirm(
        { ...this.key(), useId },
        receipt.purchase.receipt as Receipt,
      );
      expect(confirmed.outcome).toBe(receipt.refunded === 4 ? 'receipt-refunded' : 'done');
      if (confirmed.outcome !== 'done') await this.pod.couponUses.cancel({ ...this.key(), useId });
      return;
    }
  }

  private async adjust(index: number, points: number): Promise<void> {
    if (points === 0) return;
    const adjusting = {
      memberId: this.idOf(index),
      programmeId: this.programmeId,
      points,
      kind: 'correction' as const,
      reason: 'counted again',
    };
    const adjusted = await this.pod.adjustments.request(this.key(), adjusting);
    expect(adjusted.outcome === 'done').toBe(points > 0 || (this.expected[index] ?? 0) + points >= 0);
    if (adjusted.outcome !== 'done') return;
    this.move(index, points);
    this.given[index] = (this.given[index] ?? 0) + points;
  }

  private async pass(days: number): Promise<void> {
    if (this.daysPassed + days > MOST_DAYS) return;
    this.daysPassed += days;
    this.clock.advance(days * 86_400_000);
    const before = await this.ended();
    while ((await this.pod.expiry.bookDue()) > 0);
    const after = await this.ended();
    this.members.forEach((_, index) => {
      this.move(index, (before[index] ?? 0) - (after[index] ?? 0));
    });
  }

  private async check(): Promise<void> {
    const rows = await this.pod.rows<Record<'balance' | 'debt' | 'lots' | 'entries' | 'bad', number> & { id: string }>(
      `SELECT a.member_id AS id, a.balance, a.debt,
         (SELECT coalesce(sum(remaining), 0)::bigint FROM lot l WHERE l.member_id = a.member_id) AS lots,
         (SELECT coalesce(sum(points), 0)::bigint FROM entry e WHERE e.member_id = a.member_id) AS entries,
         (SELECT count(*)::bigint FROM lot l WHERE l.member_id = a.member_id
            AND (remaining < 0 OR expired < 0 OR remaining + expired > points)) AS bad
       FROM account a WHERE a.programme_id = $1`,
      [this.programmeId],
    );
    const seen = new Map(rows.map((row) => [row.id, row]));
    this.members.forEach(({ memberId }, index) => {
      const row = seen.get(memberId) ?? { balance: 0, debt: 0, lots: 0, entries: 0, bad: 0 };
      expect([row.entries, row.lots - row.debt, row.bad]).toEqual([row.balance, row.balance, 0]);
      expect(row.balance).toBe(this.expected[index]);
    });
  }

  /** Points whose end is booked. */
  private async ended(): Promise<number[]> {
    const rows = await this.pod.rows<{ id: string; ended: number }>(
      `SELECT member_id AS id, -sum(points)::bigint AS ended FROM entry
       WHERE programme_id = $1 AND kind = 'expire' GROUP BY 1`,
      [this.programmeId],
    );
    return this.members.map(({ memberId }) => rows.find(({ id }) => id === memberId)?.ended ?? 0);
  }

  private async balances(): Promise<number[]> {
    const rows = await this.pod.rows<{ id: string; balance: number }>(
      `SELECT member_id AS id, balance FROM account WHERE programme_id = $1`,
      [this.programmeId],
    );
    return this.members.map(({ memberId }) => rows.find(({ id }) => id === memberId)?.balance ?? 0);
  }

  private move(index: number, points: number): void {
    this.expected[index] = (this.expected[index] ?? 0) + points;
  }

  private idOf(index: number): string {
    return this.members[index]?.memberId ?? '';
  }

  private key() {
    return { caller: 'office', key: randomUUID() };
  }

  private today(): string {
    return new Date(this.clock.now().getTime() + 4 * 3_600_000).toISOString().slice(0, 10);
  }
}
