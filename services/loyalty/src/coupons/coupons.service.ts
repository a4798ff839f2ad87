import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { CouponTerms } from '@regulars/contracts/loyalty/v1/coupons';
import {
  CLOCK,
  type Clock,
  cutPage,
  inTransaction,
  logConfiguration,
  once,
  type Page,
  restrictedAmong,
} from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { BookService } from '../book/book.service.js';
import { PointsService } from '../points/points.service.js';
import type { Fault } from '../programmes/terms.js';
import { BYTES_PER_CODE, codesFrom } from './code.js';
import type { CouponRow } from './coupon.js';
import * as store from './coupons.store.js';
import { type DefinitionRow, faultsOfCoupon, lastDayOf } from './definition.js';

/** How many members an issue to a tier goes through in one transaction. */
const MEMBERS_AT_ONCE = 500;

/** Who writes, and under which key. */
export interface Writing {
  readonly caller: string;
  readonly key: string;
  /** Whether it is only to be told what would become of it. */
  readonly isDryRun?: boolean;
}

type Refused<Reason> = { readonly outcome: 'refused'; readonly reason: Reason | 'IDEMPOTENCY_KEY_REUSED' };
type Done<Result> = { readonly outcome: 'done'; readonly replayed: boolean } & Result;

/** Kinds of coupons, and how they are issued (requirement L9). */
@Injectable()
export class CouponsService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly books: BookService,
    private readonly points: PointsService,
  ) {}

  async define(
    writing: Writing,
    terms: CouponTerms | undefined,
  ): Promise<
    | Done<{ definition: DefinitionRow }>
    | { readonly outcome: 'malformed'; readonly faults: readonly Fault[] }
    | Refused<'COUPON_CODE_TAKEN' | 'PROGRAMME_UNKNOWN'>
  > {
    const faults = faultsOfCoupon(terms);
    if (faults.length > 0 || !terms) return { outcome: 'malformed', faults };
    return inTransaction(this.dataSource, writing.isDryRun, async (tx) => {
      const done = await once(tx, { ...writing, route: 'define-coupon', body: terms }, async () => {
        const definitionId = uuidv7();
        const isNew = await store.insertDefinition(tx, { definitionId, terms }, this.clock.now());
        if (isNew === undefined) return { reason: 'PROGRAMME_UNKNOWN' as const };
        if (!isNew) return { reason: 'COUPON_CODE_TAKEN' as const };
        await this.note(tx, writing, 'coupon-kind-defined', definitionId, terms);
        return { definitionId };
      });
      if (done.outcome === 'refused') return done;
      const { definitionId, reason } = done.result;
      if (reason) return { outcome: 'refused', reason };
      return { outcome: 'done', definition: { definitionId, terms }, replayed: done.replayed };
    });
  }

  async definitions(programmeId: string, { limit, after }: Page) {
    const [code] = after ?? [];
    const rows = await store.definitionsAfter(this.dataSource.manager, programmeId, String(code ?? ''), limit);
    return cutPage(rows, limit, ({ terms }) => [terms.code]);
  }

  /** Issues coupons to a member; who it is, is known to members, not checked here. */
  issue(
    writing: Writing,
    definitionId: string,
    memberId: string,
    count: number,
  ): Promise<Done<{ coupons: CouponRow[] }> | Refused<'COUPON_KIND_UNKNOWN'>> {
    return inTransaction(this.dataSource, writing.isDryRun, async (tx) => {
      const write = { ...writing, route: 'issue-coupons', body: { definitionId, memberId, count } };
      const done = await once(tx, write, async () => {
        const definition = await this.definition(tx, definitionId);
        if (!definition) return { reason: 'COUPON_KIND_UNKNOWN' as const };
        const owners = Array.from({ length: count }, () => memberId);
        return { codes: await this.make(tx, definition, { sourceId: uuidv7(), first: 0, owners }) };
      });
      if (done.outcome === 'refused') return done;
      if (done.result.reason) return { outcome: 'refused', reason: done.result.reason };
      const coupons = await store.findCoupons(tx, done.result.codes);
      return { outcome: 'done', coupons, replayed: done.replayed };
    });
  }

  issueToTier(
    writing: Writing,
    definitionId: string,
    tier: string,
  ): Promise<Done<{ issue: store.IssueRow }> | Refused<'COUPON_KIND_UNKNOWN'>> {
    return inTransaction(this.dataSource, writing.isDryRun, async (tx) => {
      const write = { ...writing, route: 'issue-to-tier', body: { definitionId, tier } };
      const done = await once(tx, write, async () => {
        if (!(await this.definition(tx, definitionId))) return { reason: 'COUPON_KIND_UNKNOWN' as const };
        const issueId = uuidv7();
        await store.insertIssue(tx, issueId, definitionId, tier, this.clock.now());
        await this.note(tx, writing, 'coupon-issue-begun', issueId, { definitionId, tier });
        return { issueId };
      });
      if (done.outcome === 'refused') return done;
      if (done.result.reason) return { outcome: 'refused', reason: done.result.reason };
      const issue = await store.findIssue(tx, done.result.issueId);
      if (!issue) throw new Error('an issue that was just written is not there');
      return { outcome: 'done', issue, replayed: done.replayed };
    });
  }

  findIssue(issueId: string): Promise<store.IssueRow | undefined> {
    return store.findIssue(this.dataSource.manager, issueId);
  }

  /**
   * Goes on with an issue to a tier by one chunk of members, but for those who restricted what is done with their data
   * (requirement M6); its place is kept in the same transaction, so that nobody
   * gets two, whatever is killed. Answers how many members it went through.
   */
  async issueDue(): Promise<number> {
    return this.dataSource.transaction(async (tx) => {
      const issue = await store.openIssue(tx);
      const definition = issue && (await this.definition(tx, issue.definitionId));
      if (!issue || !definition) return 0;
      const { programmeId } = definition.terms;
      const members = await this.points.standingsAfter(programmeId, issue.afterMember, MEMBERS_AT_ONCE);
      const onTier = members.filter(({ tier }) => tier === issue.tier).map(({ memberId }) => memberId);
      const restricted = await restrictedAmong(tx, onTier);
      const owners = onTier.filter((memberId) => !restricted.has(memberId));
      const now = this.clock.now();
      if (owners.length > 0) await this.make(tx, definition, { sourceId: issue.issueId, first: issue.issued, owners });
      await store.advanceIssue(tx, {
        ...issue,
        issued: issue.issued + owners.length,
        afterMember: members.at(-1)?.memberId ?? issue.afterMember,
        finishedAt: members.length < MEMBERS_AT_ONCE ? now : null,
      });
      return Math.max(1, members.length);
    });
  }

  createBatch(
    writing: Writing,
    definitionId: string,
    count: number,
  ): Promise<Done<{ batch: store.BatchRow }> | Refused<'COUPON_KIND_UNKNOWN'>> {
    return inTransaction(this.dataSource, writing.isDryRun, async (tx) => {
      const write = { ...writing, route: 'create-batch', body: { definitionId, count } };
      const done = await once(tx, write, async () => {
        if (!(await this.definition(tx, definitionId))) return { reason: 'COUPON_KIND_UNKNOWN' as const };
        const batchId = uuidv7();
        await store.insertBatch(tx, { batchId, definitionId, count, drawn: 0 }, this.clock.now());
        await this.note(tx, writing, 'coupon-batch-begun', batchId, { definitionId, count });
        return { batchId };
      });
      if (done.outcome === 'refused') return done;
      if (done.result.reason) return { outcome: 'refused', reason: done.result.reason };
      const batch = await store.findBatch(tx, done.result.batchId);
      if (!batch) throw new Error('a batch that was just written is not there');
      return { outcome: 'done', batch, replayed: done.replayed };
    });
  }

  /** Notes who set up what, in the same transaction (requirement O4). */
  private async note(tx: EntityManager, { caller }: Writing, change: string, recordId: string, after: object) {
    await logConfiguration(tx, { at: this.clock.now(), principal: caller, change, recordId, after });
  }

  /** Codes of a batch from a place on: those that are there, or else the next ones, made now. Undefined: no such batch. */
  async draw(batchId: string, after: number, limit: number): Promise<string[] | undefined> {
    const known = await store.findBatch(this.dataSource.manager, batchId);
    if (!known) return undefined;
    const wanted = Math.min(after + limit, known.count);
    if (known.drawn < wanted) {
      await this.dataSource.transaction(async (tx) => {
        const batch = await store.findBatch(tx, batchId, true);
        const definition = await this.definition(tx, known.definitionId);
        if (!batch || !definition || batch.drawn >= wanted) return;
        // No more than was asked for at once, so that nobody makes the transaction long by beginning at the end.
        const missing = Math.min(wanted - batch.drawn, limit);
        const owners = Array.from({ length: missing }, () => undefined);
        await this.make(tx, definition, { sourceId: batchId, first: batch.drawn, owners });
        await store.markDrawn(tx, batchId, batch.drawn + missing);
      });
    }
    return store.codesOf(this.dataSource.manager, batchId, after, wanted - after);
  }

  findByCode(programmeId: string, code: string): Promise<DefinitionRow | undefined> {
    return store.findDefinitionByCode(this.dataSource.manager, programmeId, code);
  }

  /** Gives a coupon to each member in the transaction of whoever gives it, good no longer than told. */
  async give(
    tx: EntityManager,
    definition: DefinitionRow,
    gifts: readonly { readonly memberId: string; readonly goodUntil: string }[],
  ): Promise<void> {
    // A handful of days: one statement for each.
    for (const goodUntil of new Set(gifts.map((gift) => gift.goodUntil))) {
      const owners = gifts.filter((gift) => gift.goodUntil === goodUntil).map(({ memberId }) => memberId);
      await this.make(tx, definition, { sourceId: uuidv7(), first: 0, owners, goodUntil });
    }
  }

  async list(memberId: string, { limit, after }: Page) {
    const before = after as [number, string] | undefined;
    const rows = await store.couponsBefore(this.dataSource.manager, memberId, before, limit);
    return cutPage(rows, limit, ({ issuedAt, code }) => [issuedAt.getTime(), code]);
  }

  private async definition(tx: EntityManager, definitionId: string): Promise<DefinitionRow | undefined> {
    return (await store.findDefinitions(tx, [definitionId])).get(definitionId);
  }

  private async make(
    tx: EntityManager,
    { definitionId, terms }: DefinitionRow,
    {
      sourceId,
      first,
      owners,
      goodUntil,
    }: {
      readonly sourceId: string;
      readonly first: number;
      readonly owners: readonly (string | undefined)[];
      readonly goodUntil?: string;
    },
  ): Promise<string[]> {
    const codes = codesFrom(randomBytes(owners.length * BYTES_PER_CODE + 64), owners.length);
    const coupons = owners.map((memberId, index) => ({
      code: codes[index] ?? '',
      memberId,
      ordinal: first + index,
    }));
    const now = this.clock.now();
    const own = lastDayOf(terms, (await this.books.recent()).todayOf(terms.programmeId, now.getTime()));
    const lastDay = own !== undefined && goodUntil !== undefined && own < goodUntil ? own : (goodUntil ?? own);
    await store.insertCoupons(tx, coupons, { definitionId, sourceId, lastDay, now });
    return codes;
  }
}
