import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, cutPage, logConfiguration, once, type Page } from '@regulars/service';
import type { QueryConfig } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { BookService } from '../book/book.service.js';
import { HeldLedgers } from '../points/held-ledgers.service.js';
import { type BalanceView, PointsService } from '../points/points.service.js';
import { daysAfter, daysBefore, isDate, monthsAfter } from '../programmes/calendar.js';
import type { Fault } from '../programmes/checks.js';
import type { Policy } from '../programmes/policy.js';
import { standingOn, tierIndex } from './ladder.js';
import {
  countedDates,
  datesAsked,
  hasReviews,
  type KeptTier,
  type Reviewed,
  reviewTier,
  type TierChange,
} from './review.js';
import { StandingsService } from './standings.service.js';
import { type RecordedChange, tierEvent } from './tier-events.js';
import * as store from './tiers.store.js';

/** Members in one transaction, which holds their locks. */
const MOST = 200;

/** A tier that somebody grants. */
export interface Granting {
  readonly memberId: string;
  readonly programmeId: string | undefined;
  readonly tier: string;
  readonly until: string;
  readonly reason: string;
  readonly actor: string;
  readonly idempotencyKey: string;
}

/** A member's tier now. */
export interface TierView {
  readonly balance: BalanceView;
  readonly kept: KeptTier | undefined;
}

/** A tier that an account keeps instead of the one before; null for none. */
export interface MovedTier extends store.TierOfAccount {
  readonly before: KeptTier | null;
  /** False for a member who stands for somebody else from now on. */
  readonly isTold: boolean;
}

/** A tier that a member had before, and the last date on which it is kept. */
export interface BroughtTier {
  readonly memberId: string;
  readonly code: string;
  readonly until: string;
}

type NoAccount = { readonly outcome: 'no-account' } | { readonly outcome: 'several-accounts' };

export type Granted =
  | ({ readonly outcome: 'found'; readonly replayed: boolean } & TierView)
  | { readonly outcome: 'no-reviews' }
  | { readonly outcome: 'refused'; readonly reason: 'IDEMPOTENCY_KEY_REUSED' }
  | { readonly outcome: 'malformed'; readonly faults: readonly Fault[] }
  | NoAccount;

/** Tiers: why they are what they are, their reviews, and grants by hand (requirement L7). */
@Injectable()
export class TiersService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly books: BookService,
    private readonly ledgers: HeldLedgers,
    private readonly points: PointsService,
    private readonly standings: StandingsService,
  ) {}

  /**
   * Decides what is due about the tiers of a few members in one transaction, and answers how many were looked at. What a
   * kill leaves is due again, and nothing is told twice: what was decided is no longer due.
   */
  async reviewDue(): Promise<number> {
    const now = this.clock.now();
    let looked = 0;
    for (const [programmeId, { policy, today }] of (await this.books.recent()).policiesAt(now.getTime())) {
      const due = await store.dueAccounts(this.dataSource.manager, programmeId, today, MOST);
      if (due.length === 0) continue;
      looked += due.length;
      const memberIds = due.map(({ memberId }) => memberId);
      await this.ledgers.under(memberIds, async (tx) => {
        const kept = (await store.keptTiers(tx, due)).filter(({ dueOn }) => dueOn !== undefined && dueOn <= today);
        await this.write(tx, await this.reviewed(tx, policy, kept, today));
      });
    }
    return looked;
  }

  /** The tier of a member; `programmeId` may be left out for a member of one programme. */
  async tier(
    memberId: string,
    programmeId: string | undefined,
  ): Promise<({ outcome: 'found' } & TierView) | NoAccount> {
    const found = await this.points.balance(memberId, programmeId);
    if (found.outcome !== 'found') return found;
    const key = { memberId, programmeId: found.balance.programmeId };
    const [kept] = await store.keptTiers(this.dataSource.manager, [key]);
    return { outcome: 'found', balance: found.balance, kept };
  }

  /** The tiers that accounts of members keep whose locks are held; null for none. */
  async keptBy(tx: EntityManager, keys: readonly { readonly memberId: string; readonly programmeId: string }[]) {
    const rows = await store.keptTiers(tx, keys);
    const found = new Map(
      rows.map(({ memberId, programmeId, ...kept }): [string, KeptTier] => [`${memberId} ${programmeId}`, kept]),
    );
    return ({ memberId, programmeId }: (typeof keys)[0]) => found.get(`${memberId} ${programmeId}`) ?? null;
  }

  /** Keeps other tiers from now on, because members are one person or are not after all; told where they differ. */
  async keepOthers(tx: EntityManager, moved: readonly MovedTier[], reason: string): Promise<void> {
    await store.setTiers(tx, moved);
    const nowMs = this.clock.now().getTime();
    const policies = (await this.books.recent()).policiesAt(nowMs);
    const changes = moved.flatMap(({ memberId, programmeId, kept, before, isTold }): RecordedChange[] => {
      const ground = policies.get(programmeId);
      const lowest = ground?.policy.tiers[0]?.code ?? '';
      const [fromTier, toTier] = [before?.tier ?? lowest, kept?.tier ?? lowest];
      if (!ground || !isTold || fromTier === toTier) return [];
      const { policy, today } = ground;
      const isHigher = tierIndex(policy.tiers, toTier) > tierIndex(policy.tiers, fromTier);
      const { from: countedFrom, until: countedUntil } = countedDates(policy, today);
      const change: TierChange = {
        kind: isHigher ? 'promoted' : 'revoked',
        fromTier,
        toTier,
        happenedOn: today,
        keptUntil: kept?.until,
        countedFrom,
        countedUntil,
        spentMinor: 0,
        missingMinor: 0,
      };
      return [{ ...change, changeId: uuidv7(), memberId, programmeId, reason, actor: '', changedMs: nowMs }];
    });
    if (changes.length === 0) return;
    const statements: QueryConfig[] = [];
    const collect = { query: (statement: QueryConfig) => Promise.resolve(statements.push(statement)) };
    await Promise.all(this.standings.write(collect, [], changes));
    for (const { text, values } of statements) await tx.query(text, values);
    await this.ledgers.tell(tx, changes.map(tierEvent));
  }

  async changes(memberId: string, { limit, after }: Page) {
    const [id] = after ?? [];
    const rows = await store.changesBefore(this.dataSource.manager, memberId, id as string | undefined, limit);
    return cutPage(rows, limit, ({ changeId }) => [changeId]);
  }

  /** A change with the purchases that counted for it, as they stand now. */
  async explain(memberId: string, changeId: string, { limit, after }: Page) {
    const tx = this.dataSource.manager;
    const change = await store.findChange(tx, memberId, changeId);
    if (!change) return undefined;
    const [seq] = after ?? [];
    const rows = await store.countedAfter(tx, change, typeof seq === 'number' ? seq : 0, limit);
    return { change, ...cutPage(rows, limit, ({ memberSeq }) => [memberSeq]) };
  }

  /** Grants a tier by hand until a date, on which it is reviewed like any other; a dry run tells how it would stand. */
  async grant(granting: Granting, isDryRun = false): Promise<Granted> {
    const { memberId, tier, until, reason, actor, idempotencyKey: key } = granting;
    const found = await this.tier(memberId, granting.programmeId);
    if (found.outcome !== 'found') return found;
    const { programmeId, standing } = found.balance;
    const ground = (await this.books.recent()).policiesAt(this.clock.now().getTime()).get(programmeId);
    if (!ground || !hasReviews(ground.policy)) return { outcome: 'no-reviews' };
    const { policy, today } = ground;
    const faults = faultsOfGrant(policy, granting, today);
    if (faults.length > 0) return { outcome: 'malformed', faults };
    const dueOn = daysAfter(until, 1);
    const kept = {
      memberId,
      programmeId,
      tier,
      since: today,
      basisOn: undefined,
      until,
      stage: 'kept',
      dueOn,
    } as const;
    const { from: countedFrom, until: countedUntil } = countedDates(policy, today);
    const change: TierChange = {
      kind: 'granted',
      fromTier: standing.tier.code,
      toTier: tier,
      happenedOn: today,
      keptUntil: until,
      countedFrom,
      countedUntil,
      spentMinor: standing.spentMinor,
      missingMinor: 0,
    };
    const body = { memberId, programmeId, tier, until, reason };
    const write = { caller: actor, route: 'grant-tier', key, body };
    const grantOnce = (tx: EntityManager) =>
      once(tx, write, async () => {
        await this.write(tx, [{ key: kept, kept, change, reason, actor }]);
        const after = { programmeId, tier, until };
        const noted = { principal: actor, change: 'tier-granted', recordId: memberId, after };
        await logConfiguration(tx, { at: this.clock.now(), ...noted });
        return {};
      });
    const done = await this.ledgers.under([memberId], grantOnce, isDryRun);
    if (done.outcome === 'refused') return done;
    if (isDryRun && !done.replayed) {
      const granted = standingOn(policy.tiers, standing.spentMinor, tier);
      return { outcome: 'found', balance: { ...found.balance, standing: granted }, kept, replayed: false };
    }
    const stands = await this.tier(memberId, programmeId);
    return stands.outcome === 'found' ? { ...stands, replayed: done.replayed } : stands;
  }

  /**
   * Keeps tiers that members had in a programme before until a date, where they keep no higher one; reviewed with notice
   * then like any other (requirement L16). The members' locks are held. @returns who has one of them now
   */
  async bringIn(
    tx: EntityManager,
    { programmeId, actor }: { readonly programmeId: string; readonly actor: string },
    brought: readonly BroughtTier[],
    { policy, today }: { readonly policy: Policy; readonly today: string },
  ): Promise<ReadonlySet<string>> {
    if (brought.length === 0 || !hasReviews(policy)) return new Set();
    const keptOf = await this.keptBy(
      tx,
      brought.map(({ memberId }) => ({ memberId, programmeId })),
    );
    const { noticeDays } = policy.tierReview;
    const { from: countedFrom, until: countedUntil } = countedDates(policy, today);
    const higher = new Map<string, ToWrite>();
    for (const { memberId, code, until } of brought) {
      const key = { memberId, programmeId };
      const fromTier = higher.get(memberId)?.kept.tier ?? keptOf(key)?.tier ?? policy.tiers[0]?.code ?? '';
      if (tierIndex(policy.tiers, code) <= tierIndex(policy.tiers, fromTier)) continue;
      const dueOn = daysBefore(until, noticeDays);
      const kept = { tier: code, since: today, basisOn: undefined, until, stage: 'kept', dueOn } as const;
      const about = { happenedOn: today, keptUntil: until, countedFrom, countedUntil, spentMinor: 0, missingMinor: 0 };
      const change: TierChange = { kind: 'granted', fromTier, toTier: code, ...about };
      higher.set(memberId, { key, kept, change, reason: 'opening', actor });
    }
    await this.write(tx, [...higher.values()]);
    return new Set(higher.keys());
  }

  /** Takes tiers back that were brought in and are still kept as they were. The members' locks are held. */
  async takeBroughtInBack(tx: EntityManager, programmeId: string, brought: readonly BroughtTier[]): Promise<void> {
    const keptOf = await this.keptBy(
      tx,
      brought.map(({ memberId }) => ({ memberId, programmeId })),
    );
    const moved = brought.flatMap(({ memberId, code, until }): MovedTier[] => {
      const before = keptOf({ memberId, programmeId });
      const isTheirs = before?.tier === code && before.until === until && before.basisOn === undefined;
      return isTheirs ? [{ memberId, programmeId, kept: null, before, isTold: true }] : [];
    });
    if (moved.length > 0) await this.keepOthers(tx, moved, 'opening-undone');
  }

  private async reviewed(
    tx: EntityManager,
    policy: Policy,
    rows: readonly store.KeptRow[],
    today: string,
  ): Promise<ToWrite[]> {
    const rule = { key: undefined, reason: '', actor: '' };
    if (!hasReviews(policy)) {
      return rows.map((row) => ({ ...rule, key: row, kept: { ...row, dueOn: undefined }, change: undefined }));
    }
    const asked = rows.map((row) => datesAsked(policy, row, today));
    const stretches = rows.flatMap(({ memberId, programmeId }, index) =>
      (asked[index] ?? []).map((dates) => ({ memberId, programmeId, ...dates })),
    );
    const spent = await store.spentIn(tx, stretches);
    const known = new Map(
      stretches.map(({ memberId, from, until }, index) => [`${memberId} ${from} ${until}`, spent[index] ?? 0]),
    );
    return rows.map((row) => {
      const between = (from: string, until: string) => known.get(`${row.memberId} ${from} ${until}`) ?? 0;
      return { ...rule, key: row, ...reviewTier(policy, row, today, between) };
    });
  }

  private async write(tx: EntityManager, all: readonly ToWrite[]): Promise<void> {
    if (all.length === 0) return;
    const changedMs = this.clock.now().getTime();
    const changes = all.flatMap(({ key: { memberId, programmeId }, change, reason, actor }): RecordedChange[] =>
      change ? [{ ...change, changeId: uuidv7(), memberId, programmeId, reason, actor, changedMs }] : [],
    );
    const statements: QueryConfig[] = [];
    const collect = { query: (statement: QueryConfig) => Promise.resolve(statements.push(statement)) };
    const kept = all.map(({ key: { memberId, programmeId }, kept: next }) => ({ ...next, memberId, programmeId }));
    await Promise.all(this.standings.write(collect, kept, changes));
    // One statement for each table.
    for (const { text, values } of statements) await tx.query(text, values);
    if (changes.length > 0) await this.ledgers.tell(tx, changes.map(tierEvent));
  }
}

type ToWrite = Reviewed & {
  readonly key: { readonly memberId: string; readonly programmeId: string };
  readonly reason: string;
  readonly actor: string;
};

function faultsOfGrant(policy: Policy, { tier, until, reason }: Granting, today: string): Fault[] {
  const faults: Fault[] = [];
  if (!policy.tiers.some(({ code }) => code === tier))
    faults.push({ pointer: '/tier', message: 'stands not in the ladder' });
  const isAhead = isDate(until) && until > today && until <= monthsAfter(today, 60);
  if (!isAhead) faults.push({ pointer: '/until', message: 'expected a date after today, at most five years ahead' });
  const isTold = reason.trim().length > 0 && reason.length <= 200;
  if (!isTold) faults.push({ pointer: '/reason', message: 'expected 1 to 200 characters' });
  return faults;
}
