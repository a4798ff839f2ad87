import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MemberReference, Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import { checkStored } from '@regulars/invariants';
import { TestClock, type TestDatabase } from '@regulars/testing';
import fc from 'fast-check';
import pg from 'pg';
import { aMember, aPurchase, aStore, type TestMember, type TestStore, theTerms, today } from './chain.js';
import type { Telling } from './pair.js';
import { loyaltyDatabase, Pod } from './pod.js';
import { aReserving, aReward } from './rewards.js';

const MEMBERS = 4;

type Command =
  | { readonly do: 'buy'; readonly who: number; readonly minor: number; readonly telling: Telling }
  | { readonly do: 'refund'; readonly nth: number }
  | { readonly do: 'redeem'; readonly who: number }
  | { readonly do: 'cancel'; readonly nth: number }
  | { readonly do: 'adjust'; readonly who: number; readonly points: number }
  | { readonly do: 'merge'; readonly survivor: number; readonly merged: number }
  | { readonly do: 'unmerge'; readonly nth: number }
  | { readonly do: 'end'; readonly who: number };

const who = fc.nat(MEMBERS - 1);
const nth = fc.nat(20);
const telling = fc.constantFrom<Telling>('memberId', 'number', 'codeTokenSha256');
const points = fc.integer({ min: -150, max: 300 }).filter((each) => each !== 0);
const is = <Name extends Command['do']>(name: Name) => ({ do: fc.constant(name) });
const commands = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ ...is('buy'), who, telling, minor: fc.integer({ min: 0, max: 30_000 }) }) },
    { weight: 3, arbitrary: fc.record({ ...is('refund'), nth }) },
    { weight: 3, arbitrary: fc.record({ ...is('redeem'), who }) },
    { weight: 2, arbitrary: fc.record({ ...is('cancel'), nth }) },
    { weight: 1, arbitrary: fc.record({ ...is('adjust'), who, points }) },
    { weight: 3, arbitrary: fc.record({ ...is('merge'), survivor: who, merged: who }) },
    { weight: 3, arbitrary: fc.record({ ...is('unmerge'), nth }) },
    { weight: 1, arbitrary: fc.record({ ...is('end'), who }) },
  ),
  { minLength: 6, maxLength: 24 },
);

describe('Members who merge and part, among everything else', () => {
  const clock = new TestClock(new Date().toISOString());
  const store = aStore();
  let database: TestDatabase;
  let pod: Pod;
  let programmeId: string;
  let rewardId: string;

  beforeAll(async () => {
    database = await loyaltyDatabase();
    pod = await Pod.start(database.url, clock);
    const [regular] = theTerms().tiers;
    if (!regular) throw new Error('no tier');
    programmeId = await pod.open(store, { ...theTerms(), tiers: [regular] });
    const made = await pod.rewards.create({ caller: 'office', key: randomUUID() }, aReward(programmeId), undefined);
    if (made.outcome !== 'done') throw new Error(JSON.stringify(made));
    rewardId = made.reward.rewardId;
  });

  afterAll(async () => {
    await pod.stop();
    await database.drop();
  });

  it('[M5][L4][L6][L8] keeps balance = entries = lots - debts after every step, and no point comes or goes by a merge', async () => {
    let merges = 0;
    let partings = 0;
    await fc.assert(
      fc.asyncProperty(commands, async (all) => {
        const world = new World(pod, clock, store, programmeId, rewardId);
        await pod.register(...world.members);
        for (const command of all) {
          await world.run(command);
          await world.check();
        }
        merges += world.merges.length;
        partings += world.merges.filter(({ isOpen }) => !isOpen).length;
      }),
      { numRuns: 30, endOnFailure: true },
    );
    expect([merges > 0, partings > 0]).toEqual([true, true]);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const checked = await checkStored(client, '1 hour').finally(() => client.end());
    expect(checked.filter(({ broken }) => broken).map(({ rule, cases }) => ({ rule, cases }))).toEqual([]);
  });
});

interface Merge {
  readonly mergeId: string;
  readonly survivor: number;
  readonly merged: number;
  isOpen: boolean;
}

/** Some members, who is whom, and how many points all of them have together. */
class World {
  readonly members: readonly TestMember[] = Array.from({ length: MEMBERS }, aMember);
  readonly merges: Merge[] = [];
  private readonly receipts: Receipt[] = [];
  private readonly held: { readonly points: number; readonly cancel: () => Promise<unknown> }[] = [];
  private total = 0;

  constructor(
    private readonly pod: Pod,
    private readonly clock: TestClock,
    private readonly store: TestStore,
    private readonly programmeId: string,
    private readonly rewardId: string,
  ) {}

  /** Who stands for a member. */
  private rootOf(index: number): number {
    const merge = this.merges.find(({ merged, isOpen }) => isOpen && merged === index);
    return merge ? this.rootOf(merge.survivor) : index;
  }

  private idOf(index: number): string {
    return this.members[index]?.memberId ?? '';
  }

  async run(command: Command): Promise<void> {
    switch (command.do) {
      case 'buy':
        return this.buy(command.who, command.minor, command.telling);
      case 'refund':
        return this.refund(command.nth);
      case 'redeem':
        return this.redeem(command.who);
      case 'cancel':
        return this.cancel(command.nth);
      case 'adjust':
        return this.adjust(command.who, command.points);
      case 'merge':
        return this.merge(this.rootOf(command.survivor), this.rootOf(command.merged));
      case 'unmerge':
        return this.unmerge(command.nth);
      case 'end':
        return this.end(this.idOf(this.rootOf(command.who)));
    }
  }

  private async buy(index: number, minor: number, told: Telling): Promise<void> {
    const member = this.members[index] as TestMember;
    const by: NonNullable<MemberReference['by']> =
      told === 'codeTokenSha256' ? { $case: told, value: member[told] } : { $case: told, value: member[told] };
    const purchase = { ...aPurchase({ at: this.store, by: member, minor }), member: { by } };
    const [answer] = await this.pod.post([purchase]);
    if (answer?.outcome?.$case !== 'credited') throw new Error(JSON.stringify(answer));
    expect(answer.outcome.value.memberId).toBe(this.idOf(this.rootOf(index)));
    this.total += answer.outcome.value.pointsEarned;
    this.receipts.push(purchase.receipt as Receipt);
  }

  /** Gives all of a purchase back, if it was not before. */
  private async refund(which: number): Promise<void> {
    const purchase = this.receipts[which % Math.max(1, this.receipts.length)];
    if (!purchase) return;
    const refund = { ...purchase, businessDate: today(), receiptNumber: `B${randomUUID().slice(0, 8)}` };
    const [answer] = await this.pod.refund([{ purchase, refund, rungAt: new Date(`${today()}T05:00:00Z`), lines: [] }]);
    if (answer?.outcome?.$case !== 'takenBack') return;
    this.total -= answer.outcome.value.pointsTaken + answer.outcome.value.pointsOwed;
  }

  private async redeem(index: number): Promise<void> {
    const reserving = aReserving(this.store, this.members[index] as TestMember, this.rewardId);
    const reserved = await this.pod.redemptions.reserve(reserving);
    if (reserved.outcome !== 'done') return;
    const { row } = reserved;
    expect(row.memberId).toBe(this.idOf(this.rootOf(index)));
    this.total -= row.points;
    const cancel = () => this.pod.redemptions.cancel({ caller: 'till', key: randomUUID(), row });
    this.held.push({ points: row.points, cancel });
  }

  /** What ended meanwhile does not come back, and never more than was taken. */
  private async cancel(which: number): Promise<void> {
    const [held] = this.held.splice(which % Math.max(1, this.held.length), 1);
    if (!held) return;
    await held.cancel();
    const back = (await this.balances()) - this.total;
    expect(back).toBeGreaterThanOrEqual(0);
    expect(back).toBeLessThanOrEqual(held.points);
    this.total += back;
  }

  private async adjust(index: number, by: number): Promise<void> {
    const adjusted = await this.pod.adjustments.request(
      { caller: randomUUID(), key: randomUUID() },
      { memberId: this.idOf(index), programmeId: this.programmeId, points: by, kind: 'correction', reason: '更正' },
    );
    if (adjusted.outcome === 'done') this.total += by;
  }

  private async merge(survivor: number, merged: number): Promise<void> {
    if (survivor === merged) return;
    const merge = { mergeId: randomUUID(), survivor, merged, isOpen: true };
    this.merges.push(merge);
    await this.order(merge, false);
  }

  /** The last merge of somebody is undone first: members refuses anything else. */
  private async unmerge(which: number): Promise<void> {
    const open = this.merges.filter(({ survivor, isOpen }) => isOpen && this.rootOf(survivor) === survivor);
    const merge = open[which % Math.max(1, open.length)];
    if (!merge) return;
    merge.isOpen = false;
    await this.order(merge, true);
  }

  private async order({ mergeId, survivor, merged }: Merge, isUndo: boolean): Promise<void> {
    const order = { mergeId, survivorId: this.idOf(survivor), mergedId: this.idOf(merged), isUndo };
    await this.pod.dataSource.transaction((tx) => this.pod.members.keepMerges(tx, [order]));
    while ((await this.pod.merges.carryOutDue()) > 0);
  }

  /** Everything that somebody has ends, and that is booked. */
  private async end(memberId: string): Promise<void> {
    const ended = new Date(this.clock.now().getTime() - 1_000);
    await this.pod.rows('UPDATE lot SET expires_at = $2 WHERE member_id = $1 AND expires_at > $2', [memberId, ended]);
    await this.pod.rows('UPDATE account SET next_expiry_at = $2 WHERE member_id = $1', [memberId, ended]);
    while ((await this.pod.expiry.bookDue()) > 0);
    const gone = this.total - (await this.balances());
    expect(gone).toBeGreaterThanOrEqual(0);
    this.total -= gone;
  }

  private async balances(): Promise<number> {
    const [row] = await this.pod.rows<{ sum: number }>(
      'SELECT coalesce(sum(balance), 0)::bigint AS sum FROM account WHERE member_id = ANY ($1::uuid[])',
      [this.members.map(({ memberId }) => memberId)],
    );
    return row?.sum ?? 0;
  }

  async check(): Promise<void> {
    expect(await this.balances()).toBe(this.total);
    const broken = await this.pod.rows(
      `SELECT a.*, entries.sum AS entries, lots.sum AS lots FROM account a
       LEFT JOIN LATERAL (
         SELECT coalesce(sum(points), 0)::bigint AS sum, count(*) - coalesce(max(member_seq), 0) AS gaps FROM entry e
         WHERE e.member_id = a.member_id AND e.programme_id = a.programme_id
       ) entries ON true
       LEFT JOIN LATERAL (
         SELECT coalesce(sum(remaining), 0)::bigint AS sum, count(*) AS count FROM lot l
         WHERE l.member_id = a.member_id AND l.programme_id = a.programme_id
       ) lots ON true
       LEFT JOIN member m ON m.member_id = a.member_id
       WHERE a.member_id = ANY ($1::uuid[]) AND (entries.sum <> a.balance OR entries.gaps <> 0
         OR lots.sum - a.debt <> a.balance OR (m.merged_into IS NOT NULL AND (a.balance <> 0 OR lots.count > 0)))`,
      [this.members.map(({ memberId }) => memberId)],
    );
    expect(broken).toEqual([]);
    const who = await this.pod.rows<{ id: string; root: string }>(
      'SELECT member_id AS id, coalesce(merged_into, member_id) AS root FROM member WHERE member_id = ANY ($1::uuid[])',
      [this.members.map(({ memberId }) => memberId)],
    );
    const rootOf = new Map(who.map(({ id, root }) => [id, root]));
    this.members.forEach(({ memberId }, index) => {
      expect(rootOf.get(memberId)).toBe(this.idOf(this.rootOf(index)));
    });
  }
}
