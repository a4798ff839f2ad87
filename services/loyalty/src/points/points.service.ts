import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, cutPage, type Page } from '@regulars/service';
import { DataSource } from 'typeorm';
import { BookService } from '../book/book.service.js';
import { monthBoundsMs } from '../programmes/calendar.js';
import type { Policy } from '../programmes/policy.js';
import { type Standing, standingOn, tierPeriodBegins } from '../tiers/ladder.js';
import type { Step } from './accrual.js';
import type { EntryRow } from './entry.js';
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

type NoAccount = { readonly outcome: 'no-account' } | { readonly outcome: 'several-accounts' };

/** What a member has and why (requirements L3, L4, L5). */
@Injectable()
export class PointsService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly books: BookService,
  ) {}

  /** Balance, tier and what ends next; `programmeId` may be left out for a member of one programme. */
  async balance(
    memberId: string,
    programmeId: string | undefined,
  ): Promise<{ outcome: 'found'; balance: BalanceView } | NoAccount> {
    const found = await this.account(memberId, programmeId);
    if (found.outcome !== 'found') return found;
    const { account, policy } = found;
    return { outcome: 'found', balance: { ...account, standing: standingOn(policy.tiers, account.spentMinor) } };
  }

  async entries(
    memberId: string,
    programmeId: string | undefined,
    { limit, after }: Page,
  ): Promise<({ outcome: 'found' } & EntryPage) | NoAccount> {
    const found = await this.account(memberId, programmeId);
    if (found.outcome !== 'found') return found;
    const rows = await store.entriesBefore(
      this.dataSource.manager,
      memberId,
      found.account.programmeId,
      seqIn(after),
      limit,
    );
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
      programmeId: found.account.programmeId,
      from: new Date(fromMs),
      until: new Date(untilMs),
    };
    const [sums, rows] = await this.dataSource.transaction('REPEATABLE READ', async (tx) => [
      await store.sumsOf(tx, stretch),
      await store.entriesIn(tx, stretch, seqIn(after) ?? 0, limit),
    ]);
    return { outcome: 'found', ...sums, ...cutPage(rows, limit, (row) => [row.memberSeq]) };
  }

  /** Why an entry has the points it has, from what was stored with it. */
  explain(entryId: string): Promise<(EntryRow & { programmeVersion: number; steps: readonly Step[] }) | undefined> {
    return store.findEntry(this.dataSource.manager, entryId);
  }

  private async account(
    memberId: string,
    programmeId: string | undefined,
  ): Promise<{ outcome: 'found'; account: store.AccountRow; policy: Policy } | NoAccount> {
    const now = this.clock.now();
    const policies = (await this.books.recent()).policiesAt(now.getTime());
    const periods = [...policies]
      .filter(([id]) => programmeId === undefined || id === programmeId)
      .map(([id, { policy, today }]) => ({ programmeId: id, begins: tierPeriodBegins(policy, today) }));
    const accounts = await store.accountsOf(this.dataSource.manager, memberId, periods, now);
    const [account] = accounts;
    const policy = account && policies.get(account.programmeId)?.policy;
    if (!account || !policy) return { outcome: 'no-account' };
    return accounts.length > 1 ? { outcome: 'several-accounts' } : { outcome: 'found', account, policy };
  }
}

function seqIn(after: Page['after']): number | undefined {
  const [seq] = after ?? [];
  return typeof seq === 'number' ? seq : undefined;
}
