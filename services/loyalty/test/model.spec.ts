import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type PostPurchaseResult,
  type Purchase,
  PurchaseRefusal,
  type Refund,
  type RefundPurchaseResult,
  RefundRefusal,
} from '@regulars/contracts/loyalty/v1/purchases';
import { TestClock, type TestDatabase } from '@regulars/testing';
import fc from 'fast-check';
import { aMember, aPurchase, aStore, type TestMember, type TestStore, theTerms, today } from './chain.js';
import { Model } from './model.js';
import { loyaltyDatabase, Pod } from './pod.js';

/** A posting of receipt `receipt`; `body` 1 is another purchase under the same receipt. */
interface Post {
  readonly receipt: number;
  readonly body: 0 | 1;
  readonly key: number | undefined;
}

type Command =
  | { readonly do: 'post'; readonly pod: number; readonly posts: readonly Post[] }
  | {
      readonly do: 'refund';
      readonly pod: number;
      readonly no: number;
      readonly receipt: number;
      readonly quarters: number;
    }
  | { readonly do: 'claim'; readonly pod: number; readonly receipt: number; readonly member: number }
  | { readonly do: 'register' }
  | { readonly do: 'due-work'; readonly pod: number };

const RECEIPTS = 10;
/** The last member registers late; receipts of member 4 are anonymous. */
const MEMBERS = 4;
const LATE = 3;
const ANONYMOUS = 4;

const pod = () => fc.nat(1);
const post = () =>
  fc.record({
    receipt: fc.nat(RECEIPTS - 1),
    body: fc.constantFrom<0 | 1>(0, 0, 0, 1),
    key: fc.option(fc.nat(7), { nil: undefined, freq: 3 }),
  });
const commands = () =>
  fc.array(
    fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          do: fc.constant('post' as const),
          pod: pod(),
          posts: fc.array(post(), { minLength: 1, maxLength: 6 }),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant('refund' as const),
          pod: pod(),
          no: fc.nat(7),
          receipt: fc.nat(RECEIPTS - 1),
          quarters: fc.integer({ min: 1, max: 4 }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant('claim' as const),
          pod: pod(),
          receipt: fc.nat(RECEIPTS - 1),
          member: fc.nat(LATE - 1),
        }),
      },
      { weight: 1, arbitrary: fc.constant({ do: 'register' as const }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('due-work' as const), pod: pod() }) },
    ),
    { minLength: 5, maxLength: 40 },
  );

describe('Loyalty and a simple model of it', () => {
  const clock = new TestClock(new Date().toISOString());
  let database: TestDatabase;
  let pods: Pod[];
  let runs = 0;

  beforeAll(async () => {
    database = await loyaltyDatabase();
    pods = [await Pod.start(database.url, clock), await Pod.start(database.url, clock)];
  });

  afterAll(async () => {
    await Promise.all(pods.map((each) => each.stop()));
    await database.drop();
  });

  it('[L1][L2][L4][L6] answer and keep the same whatever is posted, repeated, refunded, claimed and late', async () => {
    await fc.assert(
      fc.asyncProperty(commands(), async (all) => {
        const world = await World.make(pods, clock, (runs += 1));
        for (const command of all) await world.run(command);
        await world.compare();
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });

  // What waited was credited in the order of receipt numbers, because locks are taken in that order: receipt 3 before 8.
  it('[L1] credit what waited for its member in the order in which it was posted', async () => {
    const posts = (receipt: number) => [{ receipt, body: 0 as const, key: undefined }];
    const world = await World.make(pods, clock, (runs += 1));
    for (const receipt of [8, 3]) await world.run({ do: 'post', pod: 0, posts: posts(receipt) });
    await world.run({ do: 'register' });
    await world.run({ do: 'due-work', pod: 0 });
    for (const receipt of [8, 3]) await world.run({ do: 'post', pod: 0, posts: posts(receipt) });
    await world.compare();
  });
});

class World {
  private readonly model = new Model(LATE, ANONYMOUS);

  private constructor(
    private readonly pods: readonly Pod[],
    private readonly clock: TestClock,
    private readonly store: TestStore,
    private readonly members: readonly TestMember[],
    private readonly programmeId: string,
  ) {}

  static async make(pods: readonly Pod[], clock: TestClock, run: number): Promise<World> {
    const store = aStore();
    const members = Array.from({ length: MEMBERS }, aMember);
    const { tiers, ...terms } = theTerms();
    const first = pods[0] as Pod;
    const programmeId = await first.open(store, { ...terms, tiers: tiers.slice(0, 1) }, `MODEL-${run}`);
    await first.register(...members.slice(0, LATE));
    return new World(pods, clock, store, members, programmeId);
  }

  async run(command: Command): Promise<void> {
    switch (command.do) {
      case 'post': {
        const { posts } = command;
        const expected = posts.map(({ receipt, body, key }) => this.model.post(receipt, body, key));
        const purchases = posts.map(({ receipt, body }) => this.purchase(receipt, body));
        const keys = posts.map(({ key }) => (key === undefined ? undefined : `key-${key}`));
        // One by one or together must not matter; a batch on one lane keeps the order.
        const results = await this.on(command.pod).post(purchases, keys);
        expect(results.map(inShort)).toEqual(expected);
        return;
      }
      case 'refund': {
        const { no, receipt, quarters } = command;
        if (this.model.waitsAlready(no, receipt)) return;
        const expected = this.model.refund(no, receipt, quarters);
        const [result] = await this.on(command.pod).refund([this.refund(no, receipt, quarters)]);
        expect(refundInShort(result)).toEqual(expected);
        return;
      }
      case 'claim': {
        const expected = this.model.claim(command.receipt, command.member);
        const answer = await this.claim(command.pod, command.receipt, command.member);
        expect(answer).toEqual(expected);
        return;
      }
      case 'register':
        this.model.register();
        return this.on(0).register(...this.members.slice(LATE));
      case 'due-work':
        this.clock.advance(60_000);
        this.model.dueWork();
        // Earlier runs have left work that is due too, and one call takes only so much of it.
        while ((await this.on(command.pod).pending.creditDue()) > 0);
        this.clock.advance(60_000);
        while ((await this.on(command.pod).refunds.applyDue()) > 0);
        return;
    }
  }

  async compare(): Promise<void> {
    const rows = await this.on(0).rows<{
      member_id: string;
      balance: number;
      debt: number;
      lots: number;
      entries: number;
      seq: number;
      count: number;
      events: number;
    }>(
      `SELECT a.member_id, a.balance, a.debt, a.member_seq AS seq,
         (SELECT coalesce(sum(remaining), 0)::bigint FROM lot l WHERE l.member_id = a.member_id) AS lots,
         (SELECT sum(points)::bigint FROM entry e WHERE e.member_id = a.member_id) AS entries,
         (SELECT count(*) FROM entry e WHERE e.member_id = a.member_id) AS count,
         (SELECT count(*) FROM outbox o WHERE o.aggregateid = a.member_id::text) AS events
       FROM account a WHERE a.programme_id = $1`,
      [this.programmeId],
    );
    const seen = new Map(rows.map((row) => [row.member_id, row]));
    this.members.forEach(({ memberId }, index) => {
      const row = seen.get(memberId);
      expect(row?.balance ?? 0).toBe(this.model.balanceOf(index));
      if (!row) return;
      expect([row.entries, row.lots - row.debt]).toEqual([row.balance, row.balance]);
      expect([row.count, row.events]).toEqual([row.seq, row.seq]);
    });
  }

  private on(pod: number): Pod {
    return this.pods[pod] as Pod;
  }

  private purchase(receipt: number, body: number): Purchase {
    const member = this.members[this.model.memberOf(receipt)];
    const minor = this.model.minorOf(receipt) + body * 400;
    return aPurchase({ at: this.store, by: member, minor, receiptNumber: `R${receipt}` });
  }

  private refund(no: number, receipt: number, quarters: number): Refund {
    const purchase = this.purchase(receipt, 0);
    const { storeId, tillId } = this.store;
    const amountMinor = (this.model.minorOf(receipt) / 4) * quarters;
    return {
      purchase: purchase.receipt,
      refund: { storeId, tillId, businessDate: today(), receiptNumber: `refund-${no}` },
      rungAt: new Date(0),
      lines: [{ line: 0, quantityMilli: 250 * quarters, amountMinor }],
    };
  }

  private async claim(on: number, receipt: number, member: number): Promise<string> {
    const { receipt: named } = this.purchase(receipt, 0);
    if (!named) throw new Error('no receipt');
    const memberId = this.members[member]?.memberId ?? '';
    const totalMinor = this.model.postedMinorOf(receipt);
    const answer = await this.on(on).purchases.claim({
      caller: 'app',
      key: undefined,
      receipt: named,
      memberId,
      totalMinor,
    });
    if (answer?.outcome !== 'answered') return answer?.outcome === 'refused' ? answer.reason : 'nothing';
    return answer.result.o === 'credited' ? `credited ${answer.result.points} ${answer.replayed}` : answer.result.o;
  }
}

function inShort({ outcome, replayed }: PostPurchaseResult): string {
  switch (outcome?.$case) {
    case 'credited':
      return `credited ${outcome.value.pointsEarned} of ${outcome.value.balance} ${replayed}`;
    case 'pending':
      return `pending ${replayed}`;
    case 'refused':
      return `${PurchaseRefusal[outcome.value.reason]} ${replayed}`;
    default:
      return JSON.stringify(outcome);
  }
}

function refundInShort(result: RefundPurchaseResult | undefined): string {
  const outcome = result?.outcome;
  switch (outcome?.$case) {
    case 'takenBack':
      return `taken ${outcome.value.pointsTaken} owed ${outcome.value.pointsOwed} ${result?.replayed}`;
    case 'waiting':
      return `waiting ${result?.replayed}`;
    case 'refused':
      return RefundRefusal[outcome.value.reason];
    default:
      return JSON.stringify(outcome);
  }
}
