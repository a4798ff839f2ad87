import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { addMonths } from './months.store.js';

/** A programme accepts business dates up to 400 days back, a till may be a day ahead. */
const MONTHS_BACK = 15;
const MONTHS_AHEAD = 3;

/** Purchases lie in months of their business date; a month has to be there before its first purchase. */
@Injectable()
export class MonthsService {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  /** Answers how many were missing. Safe to repeat, also by several replicas at once. */
  async keepAhead(): Promise<number> {
    return this.dataSource.transaction((tx) => addMonths(tx, MONTHS_BACK, MONTHS_AHEAD));
  }
}
