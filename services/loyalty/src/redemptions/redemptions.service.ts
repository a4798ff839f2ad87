import { Inject, Injectable } from '@nestjs/common';
import type { MemberReference, Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import { CLOCK, type Clock, cutPage, type Once, once, type Page } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { GroundToday } from '../book/book.js';
import { BookService } from '../book/book.service.js';
import { HeldLedgers, MemberMoved } from '../points/held-ledgers.service.js';
import { LedgerBatch } from '../points/ledger.js';
import { PointsService } from '../points/points.service.js';
import { spendOldestFirst } from '../points/spending.js';
import { ReceiptsService } from '../receipts/receipts.service.js';
import { type NotEligible, type RewardRow, whyNot } from '../rewards/reward.js';
import { RewardsService } from '../rewards/rewards.service.js';
import { type GivenBackRedemption, giveBackRedemptions, type ToGiveBack } from './give-back.js';
import {
  cancelling,
  confirming,
  fulfilling,
  type RedemptionRow,
  type RedemptionState,
  type Step,
} from './redemption.js';
import { pointsReserved, pointsReturned, redemptionConfirmed } from './redemption-events.js';
import * as store from './redemptions.store.js';
import { markReturned } from './returns.store.js';

const RELEASED_AT_ONCE = 64;

/** What a till asks to reserve. */
export interface Reserving {
  readonly caller: string;
  readonly key: string;
  /** Whether it is only to be told what would become of it. */
  readonly isDryRun?: boolean;
  readonly member: MemberReference;
  readonly storeId: string;
  readonly tillId: string;
  readonly rewardId: string;
  readonly quantity: number;
  readonly holdSeconds: number;
}

/** A write to a redemption that is there. */
export interface Changing {
  readonly caller: string;
  readonly key: string;
  readonly isDryRun?: boolean;
  readonly row: Pick<RedemptionRow, 'redemptionId' | 'memberId'>;
}

type KeyReused = { readonly outcome: 'refused'; readonly reason: 'IDEMPOTENCY_KEY_REUSED' };

export type ReserveRefusal =
  | NotEligible
  | 'REWARD_UNKNOWN'
  | 'TILL_NOT_READY'
  | 'MEMBER_UNKNOWN'
  | 'MEMBER_GONE'
  | 'NOT_ENOUGH_POINTS'
  | 'OUT_OF_STOCK';

export type Reserved =
  | { readonly outcome: 'done'; readonly row: RedemptionRow; readonly balance: number; readonly replayed: boolean }
  | { readonly outcome: 'refused'; readonly reason: ReserveRefusal }
  | KeyReused;

export type Changed =
  | { readonly outcome: 'done'; readonly row: RedemptionRow; readonly replayed: boolean }
  | { readonly outcome: 'wrong-state'; readonly state: RedemptionState }
  | { readonly outcome: 'receipt-refunded' }
  | KeyReused;

/** What is stored under a reservation's key. */
type ReservedResult = { readonly redemptionId: string; readonly balance: number } | { readonly reason: ReserveRefusal };
/** What is stored under the key of a change. */
type ChangedResult =
  | { readonly step: 'do' | 'done-before' | 'receipt-refunded' }
  | { readonly step: 'refused'; readonly state: RedemptionState };

/** Points spent for rewards in two phases (requirement L8): reserved, then confirmed, cancelled or released. */
@Injectable()
export class RedemptionsService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly books: BookService,
    private readonly ledgers: HeldLedgers,
    private readonly points: PointsService,
    private readonly rewards: RewardsService,
    private readonly receipts: ReceiptsService,
  ) {}

  find(redemptionId: string): Promise<RedemptionRow | undefined> {
    return store.findRedemption(this.dataSource.manager, redemptionId);
  }

  async list(memberId: string, { limit, after }: Page) {
    const [id] = after ?? [];
    const rows = await store.redemptionsBefore(this.dataSource.manager, memberId, id as string | undefined, limit);
    return cutPage(rows, limit, ({ redemptionId }) => [redemptionId]);
  }

  reserve(reserving: Reserving): Promise<Reserved> {
    return this.ledgers.whileMembersMove(() => this.reserveNow(reserving));
  }

  private async reserveNow(reserving: Reserving): Promise<Reserved> {
    const ground = (await this.books.recent()).groundToday(reserving, this.clock.now().getTime());
    if (typeof ground !== 'object') return { outcome: 'refused', reason: 'TILL_NOT_READY' };
    const [reward, member] = await Promise.all([
      this.rewards.find(reserving.rewardId),
      this.ledgers.memberBehind(reserving.member),
    ]);
    if (!reward) return { outcome: 'refused', reason: 'REWARD_UNKNOWN' };
    if (!member) return { outcome: 'refused', reason: 'MEMBER_UNKNOWN' };
    const { memberId, isGone } = member;
    const tier = reward.terms.tiers.length > 0 ? await this.tierOf(memberId, ground) : undefined;
    const { caller, key, isDryRun, ...body } = reserving;
    const work = async (tx: EntityManager): Promise<Reserved> => {
      await this.ledgers.mustStand(tx, memberId);
      const write = { caller, key, route: 'reserve-redemption', body };
      const done: Once<ReservedResult> = await once(tx, write, async () =>
        isGone ? { reason: 'MEMBER_GONE' } : this.take(tx, reserving, { memberId, ground, reward, tier }),
      );
      if (done.outcome === 'refused') return done;
      if ('reason' in done.result) return { outcome: 'refused', reason: done.result.reason };
      const { redemptionId, balance } = done.result;
      return { outcome: 'done', row: await this.mustFind(tx, redemptionId), balance, replayed: done.replayed };
    };
    return this.ledgers.under([memberId], work, isDryRun);
  }

  /** What was reserved is spent for good, for a receipt where there is one. */
  async confirm(changing: Changing, receipt: Receipt | null): Promise<Changed> {
    const body = { redemptionId: changing.row.redemptionId, receipt };
    return this.change(changing, 'confirm-redemption', body, async (tx, stands) => {
      const step = confirming(stands, receipt);
      if (step !== 'do') return step;
      if (receipt && (await this.receipts.isGivenBack(tx, stands.programmeId, receipt))) return 'receipt-refunded';
      const now = this.clock.now();
      await store.markConfirmed(tx, stands.redemptionId, receipt, now);
      await this.ledgers.tell(tx, [redemptionConfirmed(uuidv7(), { ...stands, receipt }, now)]);
      return step;
    });
  }

  /** Gives back what was reserved. */
  async cancel(changing: Changing): Promise<Changed> {
    const body = { redemptionId: changing.row.redemptionId };
    return this.change(changing, 'cancel-redemption', body, async (tx, stands) => {
      const step = cancelling(stands);
      if (step === 'do') await this.giveBack(tx, [{ row: stands, points: stands.points, state: 'cancelled' }]);
      return step;
    });
  }

  /** What was confirmed was handed over. */
  async fulfil(changing: Changing): Promise<Changed> {
    const body = { redemptionId: changing.row.redemptionId };
    return this.change(changing, 'fulfil-redemption', body, async (tx, stands) => {
      const step = fulfilling(stands);
      if (step === 'do') await store.markFulfilled(tx, stands.redemptionId, this.clock.now());
      return step;
    });
  }

  /**
   * Gives back reservations whose time limit has passed. Safe on several replicas at once: what another one gave back
   * is no longer reserved when the members' locks are held. Answers how many were due.
   */
  async releaseDue(): Promise<number> {
    const due = await store.dueRedemptions(this.dataSource.manager, this.clock.now(), RELEASED_AT_ONCE);
    if (due.length === 0) return 0;
    const members = due.map(({ memberId }) => memberId);
    const ids = due.map(({ redemptionId }) => redemptionId);
    await this.ledgers.under(members, async (tx) => {
      const rows = (await store.reservedAmong(tx, ids)).filter(({ memberId }) => members.includes(memberId));
      await this.giveBack(
        tx,
        rows.map((row) => ({ row, points: row.points, state: 'released' })),
      );
    });
    return due.length;
  }

  private async tierOf(memberId: string, { programme }: GroundToday): Promise<string | undefined> {
    const found = await this.points.balance(memberId, programme.programmeId);
    return found.outcome === 'found' ? found.balance.standing.tier.code : undefined;
  }

  private async take(
    tx: EntityManager,
    { storeId, tillId, quantity, holdSeconds }: Reserving,
    {
      memberId,
      ground,
      reward,
      tier,
    }: { memberId: string; ground: GroundToday; reward: RewardRow; tier: string | undefined },
  ): Promise<ReservedResult> {
    const { businessDate, programme, policy } = ground;
    const { programmeId } = programme;
    const { rewardId, terms } = reward;
    const redeemedBefore = terms.perMember > 0 ? await store.redeemedBefore(tx, memberId, rewardId) : 0;
    const why = whyNot(reward, { programmeId, storeId, businessDate, tier, quantity, redeemedBefore });
    if (why) return { reason: why };
    const now = this.clock.now();
    const points = terms.points * quantity;
    const held = (await this.ledgers.accounts(tx, [{ memberId, programmeId }]))({ memberId, programmeId });
    const lots = await this.ledgers.lots(tx, { memberId, programmeId });
    const spending = spendOldestFirst(lots, held.debt, points, now.getTime());
    if (spending.outcome === 'refused') return { reason: 'NOT_ENOUGH_POINTS' };
    // Last, because everybody who wants this reward waits for this row from here to the commit.
    const redemptionId = uuidv7();
    const ledger = new LedgerBatch(now.getTime());
    const account = ledger.account(programmeId, memberId, held);
    const booking = {
      entryId: redemptionId,
      kind: 'redeem',
      sourceId: redemptionId,
      storeId,
      businessDate,
      programmeVersion: policy.version,
      steps: [['redeemed', -points * 10_000, { points, quantity }]],
    } as const;
    const entry = ledger.spend(account, booking, spending.fromLots);
    const row: RedemptionRow = {
      redemptionId,
      memberId,
      programmeId,
      programmeVersion: policy.version,
      state: 'reserved',
      rewardId,
      quantity,
      points,
      returned: 0,
      valueMinor: terms.valueMinor * quantity,
      fromLots: spending.fromLots,
      storeId,
      tillId,
      businessDate,
      reservedAt: now,
      reservedUntil: new Date(now.getTime() + holdSeconds * 1_000),
      endedAt: null,
      fulfilledAt: null,
      receipt: null,
    };
    if (!(await this.rewards.takeFromStock(tx, rewardId, quantity))) return { reason: 'OUT_OF_STOCK' };
    await store.insertReserved(tx, row);
    await this.ledgers.record(tx, ledger, [pointsReserved(entry, row)]);
    return { redemptionId, balance: entry.balanceAfter };
  }

  /** A change of one redemption under its member's lock and its key; refusals are answered to a repetition too. */
  private change(
    changing: Changing,
    route: string,
    body: object,
    work: (tx: EntityManager, stands: RedemptionRow) => Promise<Step>,
  ): Promise<Changed> {
    return this.ledgers.whileMembersMove(async () => {
      const row = await this.mustFind(this.dataSource.manager, changing.row.redemptionId);
      return this.changeNow({ ...changing, row }, route, body, work);
    });
  }

  private async changeNow(
    { caller, key, row, isDryRun }: Changing,
    route: string,
    body: object,
    work: (tx: EntityManager, stands: RedemptionRow) => Promise<Step>,
  ): Promise<Changed> {
    const underLock = async (tx: EntityManager): Promise<Changed> => {
      const done: Once<ChangedResult> = await once(tx, { caller, key, route, body }, async () => {
        const stands = await this.mustFind(tx, row.redemptionId);
        if (stands.memberId !== row.memberId) throw new MemberMoved('the redemption went along with a merge');
        const step = await work(tx, stands);
        return step === 'refused' ? { step, state: stands.state } : { step };
      });
      if (done.outcome === 'refused') return done;
      if (done.result.step === 'refused') return { outcome: 'wrong-state', state: done.result.state };
      if (done.result.step === 'receipt-refunded') return { outcome: 'receipt-refunded' };
      const replayed = done.replayed || done.result.step === 'done-before';
      return { outcome: 'done', row: await this.mustFind(tx, row.redemptionId), replayed };
    };
    return this.ledgers.under([row.memberId], underLock, isDryRun);
  }

  private async giveBack(
    tx: EntityManager,
    items: readonly (ToGiveBack & { readonly row: RedemptionRow })[],
  ): Promise<void> {
    if (items.length === 0) return;
    const rows = items.map(({ row }) => row);
    const now = this.clock.now();
    const ledger = new LedgerBatch(now.getTime());
    const accountOf = await this.ledgers.accounts(tx, rows);
    const given = giveBackRedemptions(ledger, items, accountOf, { nowMs: now.getTime(), newId: uuidv7 });
    await markReturned(tx, given.map(returnedOf), now);
    await this.ledgers.record(tx, ledger, given.map(pointsReturned));
    await this.rewards.putBackIntoStock(tx, rows);
  }

  private async mustFind(tx: EntityManager, redemptionId: string): Promise<RedemptionRow> {
    const row = await store.findRedemption(tx, redemptionId);
    if (!row) throw new Error('a redemption that was just written is not there');
    return row;
  }
}

function returnedOf({ row, state, returned }: GivenBackRedemption) {
  return { redemptionId: row.redemptionId, state, returned };
}
