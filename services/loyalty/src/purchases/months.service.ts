import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '@regulars/service';
import { DataSource } from 'typeorm';
import type { LoyaltySettings } from '../loyalty.config.js';
import { addMonths, dropMonth, forgettableMonths } from './months.store.js';

/** A programme accepts business dates up to 400 days back, a till may be a day ahead. */
const MONTHS_BACK = 15;
const MONTHS_AHEAD = 3;

/** Purchases lie in months of their business date; a month has to be there before its first purchase. */
@Injectable()
export class MonthsService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(SETTINGS) private readonly settings: Pick<LoyaltySettings, 'PURCHASES_KEPT_MONTHS'>,
  ) {}

  /** Answers how many were missing. Safe to repeat, also by several replicas at once. */
  async keepAhead(): Promise<number> {
    return this.dataSource.transaction((tx) => addMonths(tx, MONTHS_BACK, MONTHS_AHEAD));
  }

  /**
   * Drops the oldest month that is kept no longer (requirement O5), with its purchases and their receipt claims; entries,
   * lots and statements stay. Answers how many: one at most, so that tills wait for one short lock at a time.
   */
  async forgetOldest(): Promise<number> {
    const { PURCHASES_KEPT_MONTHS: kept } = this.settings;
    if (kept === undefined) return 0;
    const [oldest] = await forgettableMonths(this.dataSource, kept);
    if (oldest === undefined) return 0;
    await dropMonth(this.dataSource, oldest);
    return 1;
  }
}
