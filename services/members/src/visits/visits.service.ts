import { Inject, Injectable } from '@nestjs/common';
import type { BookedPurchase } from '@regulars/contracts/loyalty/v1/history';
import { CLOCK, type Clock, type Principal, RpcFailure, restrictedAmong } from '@regulars/service';
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
  type KeptVisit,
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

interface No {
  readonly outcome: 'refused';
  readonly reason: 'MEMBER_UNKNOWN' | 'MEMBER_RESTRICTED';
}
export type ReadVisits = ({ readonly outcome: 'read' } & KnownVisits) | No;
export type Comparison =
  | {
      readonly outcome: 'compared';
      readonly kept: Figures;
      readonly booked: Figures;
      readonly differences: readonly Difference[];
      readonly repaired: boolean;
    }
  | No
  | { readonly outcome: 'out' };

/** A purchase as loyalty tells it, with the refunds that are in what was given back. */
type BookedVisit = KeptVisit & { readonly refundIds: readonly string[] };

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

  /**
   * What is known of the visits of a member and of whoever was merged into her, which leaves a line in the access log.
   * While the processing of her data is restricted, only she herself reads it (requirement M6).
   */
  async of(caller: Caller, memberId: string, purpose: string): Promise<ReadVisits> {
    const person = await this.personOf(caller.principal, memberId);
    if (person.outcome === 'refused') return person;
    await this.accessLog.record(caller, [memberId], ['visits'], purpose);
    const since = this.since();
    const visits = await visitsOf(this.dataSource.manager, person.memberIds, since, mostVisits);
    return { outcome: 'read', figures: figuresOf(visits, this.today()), last: visits.slice(0, mostShown), since };
  }

  /**
   * Compares the visits kept with what loyalty has booked (requirement M7).
   *
   * @param signed the principal on whose behalf loyalty is asked, as it came
   * @param repair whether to put right what differs
   */
  async compare(principal: Principal, signed: string, memberId: string, repair: boolean): Promise<Comparison> {
    const person = await this.personOf(principal, memberId);
    if (person.outcome === 'refused') return person;
    const booked = await this.booked(person.memberIds, signed);
    if (!booked) return { outcome: 'out' };
    const kept = await visitsOf(this.dataSource.manager, person.memberIds, this.since(), mostVisits);
    const differences = differencesOf(kept, booked);
    if (repair && differences.length > 0) await this.repair(person.memberIds, booked, differences);
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

  /** The ids of one person: the member's and those of whoever was merged into her. */
  private async personOf(
    { kind, sub }: Principal,
    memberId: string,
  ): Promise<{ readonly outcome: 'found'; readonly memberIds: readonly string[] } | No> {
    if (!(await this.members.exists(memberId))) return { outcome: 'refused', reason: 'MEMBER_UNKNOWN' };
    const tx = this.dataSource.manager;
    const memberIds = [memberId, ...(await this.members.mergedInto(tx, memberId))];
    const isHerself = kind === 'member' && sub === memberId;
    if (!isHerself && (await restrictedAmong(tx, memberIds)).size > 0) {
      return { outcome: 'refused', reason: 'MEMBER_RESTRICTED' };
    }
    return { outcome: 'found', memberIds };
  }

  /** As many as are kept, from loyalty; undefined when it does not answer. */
  private async booked(memberIds: readonly string[], principal: string): Promise<BookedVisit[] | undefined> {
    try {
      const since = this.since();
      const all: BookedVisit[] = [];
      for (const memberId of memberIds) {
        const purchases = await this.history.purchasesOf(memberId, principal);
        all.push(...purchases.map((purchase) => visitIn(memberId, purchase)));
      }
      const recent = all.filter(({ businessDate }) => businessDate >= since);
      return recent.sort((one, other) => (one.purchaseId < other.purchaseId ? 1 : -1)).slice(0, mostVisits);
    } catch (error) {
      if (error instanceof RpcFailure) return undefined;
      throw error;
    }
  }

  /**
   * Writes anew what differs. What was given back stands in one row under the purchase's id, and each refund that is in
   * it in an empty row of its own, so that the event of one that is still on its way adds nothing.
   */
  private async repair(
    memberIds: readonly string[],
    booked: readonly BookedVisit[],
    differences: readonly Difference[],
  ): Promise<void> {
    const wrong = new Set(differences.map(({ purchaseId }) => purchaseId));
    const right = booked.filter(({ purchaseId }) => wrong.has(purchaseId));
    const refunds = right.flatMap(({ memberId, purchaseId, givenBack, refundIds }) => [
      { memberId, purchaseId, refundId: purchaseId, lines: givenBack },
      ...refundIds.map((refundId) => ({ memberId, purchaseId, refundId, lines: [] })),
    ]);
    await this.dataSource.transaction(async (tx) => {
      await dropVisits(tx, memberIds, [...wrong]);
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

function visitIn(memberId: string, purchase: BookedPurchase): BookedVisit {
  const { receipt, rungAt, rungAtOffsetMinutes: offsetMinutes, lines, givenBack, ...told } = purchase;
  if (!receipt || !rungAt) throw new Error(`purchase ${told.purchaseId} has no receipt or no time`);
  const { storeId, businessDate } = receipt;
  const visit = { ...told, memberId, storeId, businessDate, rungAt, offsetMinutes };
  return { ...visit, lines: lines.map(lineOf), givenBack: givenBack.map(backOf) };
}
