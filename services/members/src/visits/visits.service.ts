import { Inject, Injectable } from '@nestjs/common';
import type { BookedPurchase } from '@regulars/contracts/loyalty/v1/history';
import { CLOCK, type Clock, RpcFailure } from '@regulars/service';
import { Temporal } from 'temporal-polyfill';
import { DataSource, type EntityManager } from 'typeorm';
import type { Caller } from '../caller.js';
import { MembersService } from '../members/members.service.js';
import { AccessLogService } from '../privacy/access-log.service.js';
import { type Figures, figuresOf } from './figures.js';
import { HistoryClient } from './history.client.js';
import { backOf, type Difference, differencesOf, lineOf, type Visit } from './visit.js';
import {
  addRefunds,
  addVisits,
  dropVisits,
  forgetVisits,
  type NewRefund,
  type NewVisit,
  seenAtTills,
  visitRecords,
  visitsOf,
} from './visits.store.js';

const keptMonths = 24;
const mostVisits = 1_000;
const mostShown = 20;
const mostDifferences = 100;
const forgottenAtOnce = 2_000;
const dayMs = 86_400_000;

/** What an event tells: a purchase, what was given back, or both. */
export interface Heard {
  readonly visit: NewVisit | undefined;
  readonly refund: NewRefund | undefined;
}

/** What is known of the visits of a member. */
export interface KnownVisits {
  readonly figures: Figures;
  readonly last: readonly Visit[];
  readonly since: string;
}

export type Comparison =
  | {
      readonly outcome: 'compared';
      readonly kept: Figures;
      readonly booked: Figures;
      readonly differences: readonly Difference[];
      readonly repaired: boolean;
    }
  | { readonly outcome: 'refused'; readonly reason: 'MEMBER_UNKNOWN' }
  | { readonly outcome: 'out' };

/** How members come (requirement M7). */
@Injectable()
export class VisitsService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(MembersService) private readonly members: MembersService,
    @Inject(AccessLogService) private readonly accessLog: AccessLogService,
    @Inject(HistoryClient) private readonly history: HistoryClient,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Keeps what events tell, in any order and however often they tell it: one statement for each table. */
  async hear(tx: EntityManager, heard: readonly Heard[]): Promise<void> {
    const visits = heard.flatMap(({ visit }) => visit ?? []);
    const refunds = heard.flatMap(({ refund }) => refund ?? []);
    if (refunds.length > 0) await addRefunds(tx, refunds);
    if (visits.length === 0) return;
    await addVisits(tx, visits);
    await seenAtTills(tx, this.lastSeen(visits));
  }

  /** What is known of the visits of a member, which leaves a line in the access log; undefined for nobody. */
  async of(caller: Caller, memberId: string, purpose: string): Promise<KnownVisits | undefined> {
    if (!(await this.members.exists(memberId))) return undefined;
    await this.accessLog.record(caller, [memberId], ['visits'], purpose);
    const since = this.since();
    const visits = await visitsOf(this.dataSource.manager, memberId, since, mostVisits);
    return { figures: figuresOf(visits, this.today()), last: visits.slice(0, mostShown), since };
  }

  /**
   * Compares the visits kept with what loyalty has booked (requirement M7).
   *
   * @param principal on whose behalf loyalty is asked
   * @param repair whether to put right what differs
   */
  async compare(memberId: string, principal: string, repair: boolean): Promise<Comparison> {
    if (!(await this.members.exists(memberId))) return { outcome: 'refused', reason: 'MEMBER_UNKNOWN' };
    const booked = await this.booked(memberId, principal);
    if (!booked) return { outcome: 'out' };
    const kept = await visitsOf(this.dataSource.manager, memberId, this.since(), mostVisits);
    const differences = differencesOf(kept, booked);
    if (repair && differences.length > 0) await this.repair(memberId, booked, differences);
    return {
      outcome: 'compared',
      kept: figuresOf(kept, this.today()),
      booked: figuresOf(booked, this.today()),
      differences: differences.slice(0, mostDifferences),
      repaired: repair && differences.length > 0,
    };
  }

  /** What is kept of the visits of a member, for an export. */
  records(tx: EntityManager, memberId: string): Promise<object[]> {
    return visitRecords(tx, memberId);
  }

  /** Forgets some of what is older than what is shown. */
  async forgetSome(): Promise<number> {
    const now = this.clock.now().getTime();
    const before = new Date(`${this.since()}T00:00:00Z`);
    return forgetVisits(this.dataSource.manager, before, new Date(now - dayMs), forgottenAtOnce);
  }

  /** As many as are kept, from loyalty; undefined when it does not answer. */
  private async booked(memberId: string, principal: string): Promise<Visit[] | undefined> {
    try {
      const since = this.since();
      const all = (await this.history.purchasesOf(memberId, principal)).map(visitIn);
      const recent = all.filter(({ businessDate }) => businessDate >= since);
      return recent.sort((one, other) => (one.purchaseId < other.purchaseId ? 1 : -1)).slice(0, mostVisits);
    } catch (error) {
      if (error instanceof RpcFailure) return undefined;
      throw error;
    }
  }

  /**
   * Writes anew what differs. A refund whose event is still on its way is then counted twice, as far as its line goes,
   * until the next repair.
   */
  private async repair(memberId: string, booked: readonly Visit[], differences: readonly Difference[]): Promise<void> {
    const wrong = new Set(differences.map(({ purchaseId }) => purchaseId));
    const right = booked.filter(({ purchaseId }) => wrong.has(purchaseId)).map((visit) => ({ ...visit, memberId }));
    const refunds = right
      .filter(({ givenBack }) => givenBack.length > 0)
      .map(({ purchaseId, givenBack }) => ({ memberId, purchaseId, refundId: purchaseId, lines: givenBack }));
    await this.dataSource.transaction(async (tx) => {
      await dropVisits(tx, memberId, [...wrong]);
      if (right.length > 0) await addVisits(tx, right);
      if (refunds.length > 0) await addRefunds(tx, refunds);
    });
  }

  /** When each member was at a till last; a till's clock may run ahead. */
  private lastSeen(visits: readonly NewVisit[]): ReadonlyMap<string, Date> {
    const now = this.clock.now();
    const last = new Map<string, Date>();
    for (const { memberId, rungAt } of visits) {
      const at = rungAt < now ? rungAt : now;
      if (at > (last.get(memberId) ?? new Date(0))) last.set(memberId, at);
    }
    return last;
  }

  private today(): string {
    return this.clock.now().toISOString().slice(0, 10);
  }

  private since(): string {
    return Temporal.PlainDate.from(this.today()).subtract({ months: keptMonths }).toString();
  }
}

function visitIn(purchase: BookedPurchase): Visit {
  const { receipt, rungAt, rungAtOffsetMinutes: offsetMinutes, lines, givenBack, ...told } = purchase;
  if (!receipt || !rungAt) throw new Error(`purchase ${told.purchaseId} has no receipt or no time`);
  const { storeId, businessDate } = receipt;
  const visit = { ...told, storeId, businessDate, rungAt, offsetMinutes };
  return { ...visit, lines: lines.map(lineOf), givenBack: givenBack.map(backOf) };
}
