import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, cutPage, type Page } from '@regulars/service';
import { DataSource } from 'typeorm';
import { v4 as uuidv4 } from 'uuid';
import { BookService } from '../book/book.service.js';
import { datesToPlan, reportDueMs, type TillDay, tillDays } from './store-day.js';
import * as store from './store-days.store.js';

const LEASE_MS = 60_000;
/** A day of a store is some thousand rows: few at a time leave the database to the purchases. */
const AT_ONCE = 4;

/** A business day of a store. */
export interface StoreDayView {
  readonly storeId: string;
  readonly businessDate: string;
  readonly programmeId: string;
  readonly currency: string;
  readonly tills: readonly TillDay[];
  readonly reportedAt: Date | null;
}

export type FoundDay =
  | { readonly outcome: 'found'; readonly day: StoreDayView }
  | { readonly outcome: 'refused'; readonly reason: 'STORE_UNKNOWN' | 'NO_PROGRAMME' };

/** What stores posted on their business dates, now and as it was reported in the morning (requirement L17). */
@Injectable()
export class StoreDaysService {
  /** The last business date that this process has planned, by store. */
  private readonly planned = new Map<string, string>();

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly books: BookService,
  ) {}

  /** As it stands now. */
  async day(storeId: string, businessDate: string): Promise<FoundDay> {
    const book = await this.books.recent();
    if (!book.place(storeId)) return { outcome: 'refused', reason: 'STORE_UNKNOWN' };
    const programme = book.programmeOfStore(storeId);
    if (!programme) return { outcome: 'refused', reason: 'NO_PROGRAMME' };
    const { programmeId, currency } = programme;
    const key = { programmeId, storeId, businessDate };
    const [tills, reportedAt] = await this.dataSource.transaction('REPEATABLE READ', async (tx) => {
      const madeAt = await store.reportedAt(tx, storeId, businessDate);
      return [tillDays(await store.findingsOf(tx, key, madeAt)), madeAt] as const;
    });
    return { outcome: 'found', day: { storeId, businessDate, programmeId, currency, tills, reportedAt } };
  }

  async reports(storeIds: readonly string[] | undefined, { limit, after }: Page) {
    const place = after as readonly [string, string] | undefined;
    const rows = await store.reportsBefore(this.dataSource.manager, storeIds, place, limit);
    return cutPage(rows, limit, ({ businessDate, storeId }) => [businessDate, storeId]);
  }

  /** Gives every store's business days a row with the time of its report. Safe to repeat. Answers how many were new. */
  async planDays(): Promise<number> {
    const book = await this.books.recent();
    const nowMs = this.clock.now().getTime();
    const places = book.places().map((place) => ({ place, today: book.todayAt(place, nowMs).businessDate }));
    const behind = places.filter(({ place, today }) => this.planned.get(place.storeId) !== today);
    if (behind.length === 0) return 0;
    const tx = this.dataSource.manager;
    const last = await store.lastPlanned(
      tx,
      behind.map(({ place }) => place.storeId),
    );
    const days = behind.flatMap(({ place, today }) =>
      datesToPlan(last.get(place.storeId), today).map((businessDate) => ({
        storeId: place.storeId,
        businessDate,
        dueAt: new Date(reportDueMs(businessDate, place)),
      })),
    );
    if (days.length > 0) await store.planDays(tx, days);
    for (const { place, today } of behind) this.planned.set(place.storeId, today);
    return days.length;
  }

  /**
   * Makes reports that are due: leased, so that each is made once whatever dies, and made again from the beginning when
   * its maker died. Answers how many.
   */
  async reportDue(): Promise<number> {
    const now = this.clock.now();
    const token = uuidv4();
    const tx = this.dataSource.manager;
    const due = await store.leaseDays(tx, now, new Date(now.getTime() + LEASE_MS), token, AT_ONCE);
    // One after the other: each reads a whole day of a store.
    for (const { storeId, businessDate } of due) {
      const found = await this.day(storeId, businessDate);
      const made = found.outcome === 'found' ? found.day : { programmeId: null, currency: '', tills: [] };
      await store.keepReport(tx, { storeId, businessDate }, token, made, this.clock.now());
    }
    return due.length;
  }
}
