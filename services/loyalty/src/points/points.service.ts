import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, cutPage, type Page, poolOf } from '@regulars/service';
import { DataSource } from 'typeorm';
import { BookService } from '../book/book.service.js';
import { monthBoundsMs } from '../programmes/calendar.js';
import type { Policy } from '../programmes/policy.js';
import { type Standing, standingOn, tierPeriodBegins } from '../tiers/ladder.js';
import type { Step } from './accrual.js';
import type { EntryRow } from './entry.js';
import type { RuleNames } from './explain.js';
import * as store from './points.store.js';

/** What a member has. */
export interface BalanceView {
  readonly programmeId: string;
  readonly balance: number;
  readonly standing: Standing;
  readonly expiringPoints: number;
  readonly expiringAt: Date | null;
}

/** A page of entries, and the cursor of the next. */
export interface EntryPage {
  readonly page: readonly EntryRow[];
  readonly nextCursor: string;
}

/** A month of a member's ledger. */
export interface StatementView extends EntryPage {
  readonly opening: number;
  readonly closing: number;
  readonly earned: number;
  readonly taken: number;
}

/** An entry with what explains it. */
export interface ExplainedEntry extends EntryRow {
  readonly programmeVersion: number;
  readonly steps: readonly Step[];
  readonly ruleOf: RuleNames;
}

type NoAccount = { readonly outcome: 'no-account' } | { readonly outcome: 'several-accounts' };

/** What a member has and why (requirements L3, L4, L5). */
@Injectable()
export class PointsService {
  private readonly reader: store.Reader;

  constructor(
    @Inject(DataSource) dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly books: BookService,
  ) {
    this.reader = poolOf(dataSource);
  }

  /** Balance, tier and what ends next; `programmeId` may be left out for a member of one programme. */
  async balance(
    memberId: string,
    programmeId: string | undefined,
  ): Promise<{ outcome: 'found'; balance: BalanceView } | NoAccount> {
    const now = this.clock.now();
    const inForce = await this.inForce(programmeId, now);
    const periods = inForce.map(({ id, policy, today }) => ({
      programmeId: id,
      begins: tierPeriodBegins(policy, today),
    }));
    const accounts = await store.accountsOf(this.reader, memberId, periods, now);
    const [account] = accounts;
    const policy = inForce.find(({ id }) => id === account?.programmeId)?.policy;
    if (!account || !policy) return { outcome: 'no-account' };
    if (accounts.length > 1) return { outcome: 'several-accounts' };
    const keptTier = (policy.tierReview && account.keptTier) ?? undefined;
    const standing = standingOn(policy.tiers, account.spentMinor, keptTier);
    return { outcome: 'found', balance: { ...account, standing } };
  }

  /** Members of a programme in the order of their ids, with the tier each stands on; fewer than `most` at the end. */
  async standingsAfter(programmeId: string, afterMember: string, most: number) {
    const [inForce] = await this.inForce(programmeId, this.clock.now());
    if (!inForce) return [];
    const begins = tierPeriodBegins(inForce.policy, inForce.today);
    const members = await store.spendingAfter(this.reader, { programmeId, begins }, afterMember, most);
    return members.map(({ memberId, spentMinor, keptTier }) => {
      const kept = (inForce.policy.tierReview && keptTier) ?? undefined;
      return { memberId, tier: standingOn(inForce.policy.tiers, spentMinor, kept).tier.code };
    });
  }

  async entries(
    memberId: string,
    programmeId: string | undefined,
    { limit, after }: Page,
  ): Promise<({ outcome: 'found' } & EntryPage) | NoAccount> {
    const found = await this.account(memberId, programmeId);
    if (found.outcome !== 'found') return found;
    const rows = await store.entriesBefore(this.reader, memberId, found.programmeId, seqIn(after), limit);
    return { outcome: 'found', ...cutPage(rows, limit, (row) => [row.memberSeq]) };
  }

  /** A calendar month in the programme's zone, by posting time (architecture: amounts, time, identity). */
  async statement(
    memberId: string,
    programmeId: string | undefined,
    month: string,
    { limit, after }: Page,
  ): Promise<({ outcome: 'found' } & StatementView) | NoAccount> {
    const found = await this.account(memberId, programmeId);
    if (found.outcome !== 'found') return found;
    const { fromMs, untilMs } = monthBoundsMs(month, found.policy.timeZone);
    const stretch = {
      memberId,
      programmeId: found.programmeId,
      from: new Date(fromMs),
      until: new Date(untilMs),
    };
    const { sums, entries } = await store.stretchOf(this.reader, stretch, seqIn(after) ?? 0, limit);
    return { outcome: 'found', ...sums, ...cutPage(entries, limit, (row) => [row.memberSeq]) };
  }

  /** Why an entry has the points it has, from what was stored with it and the version it was decided by. */
  async explain(entryId: string): Promise<ExplainedEntry | undefined> {
    const found = await store.findEntry(this.reader, entryId);
    if (!found) return undefined;
    const policy = (await this.books.recent()).policyOfVersion(found.programmeId, found.programmeVersion);
    return { ...found, ruleOf: (number) => policy?.rules[number - 1] };
  }

  /** The one programme in which the member has an account. */
  private async account(
    memberId: string,
    programmeId: string | undefined,
  ): Promise<{ outcome: 'found'; programmeId: string; policy: Policy } | NoAccount> {
    const inForce = await this.inForce(programmeId, this.clock.now());
    const among = inForce.map(({ id }) => id);
    const [id, ...others] = await store.programmesOf(this.reader, memberId, among);
    const policy = inForce.find((programme) => programme.id === id)?.policy;
    if (!id || !policy) return { outcome: 'no-account' };
    return others.length > 0 ? { outcome: 'several-accounts' } : { outcome: 'found', programmeId: id, policy };
  }

  /** Programmes that are in force now, or the one that is asked for. */
  private async inForce(programmeId: string | undefined, now: Date) {
    const policies = (await this.books.recent()).policiesAt(now.getTime());
    return [...policies]
      .filter(([id]) => programmeId === undefined || id === programmeId)
      .map(([id, { policy, today }]) => ({ id, policy, today }));
  }
}

function seqIn(after: Page['after']): number | undefined {
  const [seq] = after ?? [];
  return typeof seq === 'number' ? seq : undefined;
}
