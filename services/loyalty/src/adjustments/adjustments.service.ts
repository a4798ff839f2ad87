import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, cutPage, once, type Page, SETTINGS } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { BookService } from '../book/book.service.js';
import type { LoyaltySettings } from '../loyalty.config.js';
import { HeldLedgers, MemberMoved } from '../points/held-ledgers.service.js';
import { LedgerBatch } from '../points/ledger.js';
import { endOfPointsMs } from '../points/lots.js';
import { spendOldestFirst } from '../points/spending.js';
import type { Policy } from '../programmes/policy.js';
import { type AdjustmentRow, type AdjustmentState, needsSecondPerson, whyNotDecide } from './adjustment.js';
import * as store from './adjustments.store.js';
import { pointsAdjusted } from './points-adjusted.js';

const DAY_MS = 86_400_000;

/** What somebody asks to give or take. */
export type Adjusting = Pick<AdjustmentRow, 'memberId' | 'programmeId' | 'points' | 'kind' | 'reason'>;

/** Who writes, and under which key. */
export interface Writing {
  readonly caller: string;
  readonly key: string;
  /** Whether it is only to be told what would become of it. */
  readonly isDryRun?: boolean;
}

export type AdjustmentRefusal =
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'PROGRAMME_UNKNOWN'
  | 'MEMBER_UNKNOWN'
  | 'MEMBER_GONE'
  | 'NOT_ENOUGH_POINTS'
  | 'ADJUSTMENT_UNKNOWN'
  | 'NOT_PROPOSED'
  | 'OWN_PROPOSAL';

export type Adjusted =
  | { readonly outcome: 'done'; readonly adjustment: AdjustmentRow; readonly replayed: boolean }
  | { readonly outcome: 'refused'; readonly reason: AdjustmentRefusal };

interface Ground {
  readonly policy: Policy;
  readonly today: string;
}

/** Points given and taken by hand, above a limit with four eyes (requirement L14). */
@Injectable()
export class AdjustmentsService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Pick<LoyaltySettings, 'ADJUSTMENT_LIMIT'>,
    private readonly books: BookService,
    private readonly ledgers: HeldLedgers,
  ) {}

  request(writing: Writing, adjusting: Adjusting): Promise<Adjusted> {
    return this.ledgers.whileMembersMove(() => this.requestNow(writing, adjusting));
  }

  private async requestNow({ caller, key, isDryRun }: Writing, adjusting: Adjusting): Promise<Adjusted> {
    const ground = await this.groundOf(adjusting.programmeId);
    if (!ground) return { outcome: 'refused', reason: 'PROGRAMME_UNKNOWN' };
    const member = await this.ledgers.memberBehind({ by: { $case: 'memberId', value: adjusting.memberId } });
    if (!member) return { outcome: 'refused', reason: 'MEMBER_UNKNOWN' };
    if (member.isGone) return { outcome: 'refused', reason: 'MEMBER_GONE' };
    const { memberId } = member;
    return this.ledgers.under(
      [memberId],
      async (tx) => {
        await this.ledgers.mustStand(tx, memberId);
        const write = { caller, key, route: 'request-adjustment', body: adjusting };
        const done = await once(tx, write, async () => {
          const now = this.clock.now();
          const before = await store.pointsBy(tx, caller, memberId, new Date(now.getTime() - DAY_MS));
          const proposed: AdjustmentRow = {
            ...adjusting,
            memberId,
            adjustmentId: uuidv7(),
            state: 'proposed',
            requestedBy: caller,
            requestedAt: now,
            decidedBy: null,
            decidedAt: null,
            entryId: null,
          };
          const { adjustmentId } = proposed;
          if (needsSecondPerson(adjusting.points, before, this.settings.ADJUSTMENT_LIMIT)) {
            await store.insertAdjustment(tx, proposed);
            return { adjustmentId };
          }
          if (!(await this.book(tx, proposed, ground))) return { reason: 'NOT_ENOUGH_POINTS' as const };
          await store.insertAdjustment(tx, { ...proposed, state: 'booked', entryId: adjustmentId });
          return { adjustmentId };
        });
        if (done.outcome === 'refused') return done;
        if (done.result.reason) return { outcome: 'refused', reason: done.result.reason };
        return {
          outcome: 'done',
          adjustment: await this.mustFind(tx, done.result.adjustmentId),
          replayed: done.replayed,
        };
      },
      isDryRun,
    );
  }

  /** A second person agrees or not. */
  decide(writing: Writing, adjustmentId: string, approve: boolean): Promise<Adjusted> {
    return this.ledgers.whileMembersMove(() => this.decideNow(writing, adjustmentId, approve));
  }

  private async decideNow(
    { caller, key, isDryRun }: Writing,
    adjustmentId: string,
    approve: boolean,
  ): Promise<Adjusted> {
    const known = await store.findAdjustment(this.dataSource.manager, adjustmentId);
    const ground = known && (await this.groundOf(known.programmeId));
    if (!known || !ground) return { outcome: 'refused', reason: 'ADJUSTMENT_UNKNOWN' };
    return this.ledgers.under(
      [known.memberId],
      async (tx) => {
        const write = { caller, key, route: 'decide-adjustment', body: { adjustmentId, approve } };
        const done = await once(tx, write, async () => {
          const stands = await this.mustFind(tx, adjustmentId);
          if (stands.memberId !== known.memberId) throw new MemberMoved('the adjustment went along with a merge');
          const why = whyNotDecide(stands, caller);
          if (why) return { reason: why };
          if (approve && !(await this.book(tx, stands, ground))) return { reason: 'NOT_ENOUGH_POINTS' as const };
          const decided = { decidedBy: caller, decidedAt: this.clock.now() };
          const state = approve ? ('booked' as const) : ('rejected' as const);
          await store.markDecided(tx, { adjustmentId, state, ...decided, entryId: approve ? adjustmentId : null });
          return {};
        });
        if (done.outcome === 'refused') return done;
        if (done.result.reason) return { outcome: 'refused', reason: done.result.reason };
        return { outcome: 'done', adjustment: await this.mustFind(tx, adjustmentId), replayed: done.replayed };
      },
      isDryRun,
    );
  }

  async list(state: AdjustmentState | undefined, { limit, after }: Page) {
    const [id] = after ?? [];
    const rows = await store.adjustmentsBefore(this.dataSource.manager, state, id as string | undefined, limit);
    return cutPage(rows, limit, ({ adjustmentId }) => [adjustmentId]);
  }

  /** Points given become a lot under the policy of the day; points taken leave the oldest lots. False: not enough there. */
  private async book(tx: EntityManager, row: AdjustmentRow, { policy, today }: Ground): Promise<boolean> {
    const { adjustmentId, memberId, programmeId, points } = row;
    const nowMs = this.clock.now().getTime();
    const held = (await this.ledgers.accounts(tx, [row]))(row);
    const ledger = new LedgerBatch(nowMs);
    const account = ledger.account(programmeId, memberId, held);
    const booking = {
      entryId: adjustmentId,
      kind: 'adjust',
      sourceId: adjustmentId,
      storeId: undefined,
      businessDate: today,
      programmeVersion: policy.version,
      steps: [['adjusted', points * 10_000, { points }]],
    } as const;
    if (points > 0) {
      const entry = ledger.grant(account, booking, { points, expiresMs: endOfPointsMs(policy, today) });
      await this.ledgers.record(tx, ledger, [pointsAdjusted(entry)]);
      return true;
    }
    const spending = spendOldestFirst(await this.ledgers.lots(tx, row), held.debt, -points, nowMs);
    if (spending.outcome === 'refused') return false;
    await this.ledgers.record(tx, ledger, [pointsAdjusted(ledger.spend(account, booking, spending.fromLots))]);
    return true;
  }

  private async groundOf(programmeId: string): Promise<Ground | undefined> {
    return (await this.books.recent()).policiesAt(this.clock.now().getTime()).get(programmeId);
  }

  private async mustFind(tx: EntityManager, adjustmentId: string): Promise<AdjustmentRow> {
    const row = await store.findAdjustment(tx, adjustmentId);
    if (!row) throw new Error('an adjustment that was just written is not there');
    return row;
  }
}
