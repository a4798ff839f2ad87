import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@regulars/service';
import { DataSource } from 'typeorm';
import { BookService } from '../book/book.service.js';
import { type Forecast, forecastOf } from './forecast.js';
import * as store from './liability.store.js';

/** What a programme owes its members at a moment. */
export interface Liability extends Forecast {
  readonly asOf: Date;
  /** Remaining points less debts. */
  readonly liability: number;
  /** Without what has ended but is not booked yet. */
  readonly balances: number;
  readonly debts: number;
}

/** What a programme owes, and what of it will probably never be claimed (requirements L4, L5). */
@Injectable()
export class LiabilityService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly books: BookService,
  ) {}

  /** As of now, all of one moment; undefined for a programme that is not in force. */
  async of(programmeId: string): Promise<Liability | undefined> {
    const asOf = this.clock.now();
    const ground = (await this.books.recent()).policiesAt(asOf.getTime()).get(programmeId);
    if (!ground) return undefined;
    return this.dataSource.transaction('REPEATABLE READ', async (tx) => {
      const { balances, debts } = await store.accountSums(tx, programmeId);
      const rows = await store.cohorts(tx, programmeId, ground.policy.timeZone, asOf);
      const forecast = forecastOf(rows.map((row) => ({ ...row, lastEndMs: row.lastEndMs ?? undefined })));
      const remaining = rows.reduce((sum, row) => sum + row.remaining, 0);
      const unbooked = rows.reduce((sum, row) => sum + row.unbooked, 0);
      return { ...forecast, asOf, liability: remaining - debts, balances: balances - unbooked, debts };
    });
  }
}
