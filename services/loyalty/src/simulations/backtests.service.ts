import { setImmediate as othersFirst } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@regulars/service';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { BookService } from '../book/book.service.js';
import { daysApart, isDate } from '../programmes/calendar.js';
import { Checks, type Fault } from '../programmes/checks.js';
import { policyOf } from '../programmes/policy.js';
import { ProgrammesService } from '../programmes/programmes.service.js';
import { Backtest, type BacktestResult, type BacktestRow } from './backtest.js';
import * as store from './backtests.store.js';

const LEASE_MS = 600_000;
const MOST_DAYS = 92;

/** What somebody wants to try. */
export interface BacktestRequest {
  readonly programmeId: string;
  readonly version: number;
  readonly fromDate: string;
  readonly untilDate: string;
  readonly membersPercent: number;
  readonly requestedBy: string;
}

export type Requested =
  | { readonly outcome: 'requested'; readonly row: BacktestRow }
  | { readonly outcome: 'not-found' }
  | { readonly outcome: 'malformed'; readonly faults: readonly Fault[] };

/** Versions tried on the purchases of a past period, before they are published (requirement L3). */
@Injectable()
export class BacktestsService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly programmes: ProgrammesService,
    private readonly books: BookService,
  ) {}

  async request(request: BacktestRequest): Promise<Requested> {
    const faults = faultsOf(request);
    if (faults.length > 0) return { outcome: 'malformed', faults };
    if (!(await this.programmes.version(request.programmeId, request.version))) return { outcome: 'not-found' };
    const requestedAt = this.clock.now();
    const row = { ...request, backtestId: uuidv7(), requestedAt, finishedAt: null, result: null };
    await store.insertBacktest(this.dataSource.manager, row);
    return { outcome: 'requested', row };
  }

  find(programmeId: string, backtestId: string): Promise<BacktestRow | undefined> {
    return store.findBacktest(this.dataSource.manager, programmeId, backtestId);
  }

  /** Runs the oldest backtest that waits; one that was killed begins again when its lease has ended. */
  async runDue(): Promise<number> {
    const now = this.clock.now();
    const row = await store.leaseBacktest(this.dataSource.manager, now, new Date(now.getTime() + LEASE_MS));
    if (!row) return 0;
    const result = await this.run(row);
    if (result) await store.finishBacktest(this.dataSource.manager, row.backtestId, result, this.clock.now());
    return 1;
  }

  private async run(row: BacktestRow): Promise<BacktestResult | undefined> {
    const version = await this.programmes.version(row.programmeId, row.version);
    if (!version) return undefined;
    const book = await this.books.recent();
    const policy = policyOf(row.version, version.effectiveFrom ?? row.fromDate, version.terms);
    const backtest = new Backtest(policy, (number) => book.policyOfVersion(row.programmeId, number));
    const runner = this.dataSource.createQueryRunner();
    try {
      for await (const purchases of store.pastPurchases(runner, row)) {
        for (const purchase of purchases) backtest.add(purchase);
        await othersFirst();
      }
    } finally {
      await runner.release();
    }
    return backtest.result();
  }
}

function faultsOf({ fromDate, untilDate, membersPercent }: BacktestRequest): Fault[] {
  const checks = new Checks();
  const areDates = isDate(fromDate) && isDate(untilDate);
  checks.that('/fromDate', isDate(fromDate), 'is no date, YYYY-MM-DD');
  checks.that('/untilDate', isDate(untilDate), 'is no date, YYYY-MM-DD');
  checks.that('/untilDate', !areDates || fromDate <= untilDate, 'lies before fromDate');
  const isShort = !areDates || daysApart(fromDate, untilDate) < MOST_DAYS;
  checks.that('/untilDate', isShort, `expected at most ${MOST_DAYS} days`);
  checks.range('/membersPercent', membersPercent, 1, 100);
  return checks.faults;
}
