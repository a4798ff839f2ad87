import { Inject, Injectable } from '@nestjs/common';
import type { Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import { CLOCK, type Clock } from '@regulars/service';
import { DataSource } from 'typeorm';
import { ProgrammesService } from '../programmes/programmes.service.js';
import { StoresService } from '../stores/stores.service.js';
import { Book } from './book.js';
import { revisionOf } from './book.store.js';

const COMPARE_EVERY_MS = 500;

/** Keeps the book in memory; who sees a newer revision under the locks asks for it. */
@Injectable()
export class BookService {
  private book = new Book(0, new Map(), new Map(), new Map());
  private reading: Promise<void> | undefined;
  private comparedMs = Number.NEGATIVE_INFINITY;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly programmes: ProgrammesService,
    private readonly stores: StoresService,
  ) {}

  current(): Book {
    return this.book;
  }

  /** The book as of at most a moment ago: for readers that hold no locks. */
  async recent(): Promise<Book> {
    if (Math.abs(this.clock.now().getTime() - this.comparedMs) > COMPARE_EVERY_MS) await this.compared();
    return this.book;
  }

  /** A programme's policy of the day, also of one that was published a moment ago; undefined for one that is not. */
  async policyToday(programmeId: string) {
    const nowMs = this.clock.now().getTime();
    const known = (await this.recent()).policiesAt(nowMs).get(programmeId);
    return known ?? (await this.refresh()).policiesAt(nowMs).get(programmeId);
  }

  /** A book that knows these receipts; the latest one, when what is in memory does not. */
  async knowing(receipts: readonly Receipt[]): Promise<Book> {
    const isKnown = receipts.every((receipt) => typeof this.book.groundOf(receipt) === 'object');
    return isKnown ? this.book : this.compared();
  }

  private async compared(): Promise<Book> {
    const nowMs = this.clock.now().getTime();
    if ((await revisionOf(this.dataSource.manager)) !== this.book.revision) await this.refresh();
    this.comparedMs = nowMs;
    return this.book;
  }

  /** Reads the book again; lanes that ask at the same time share the reading. */
  async refresh(): Promise<Book> {
    this.reading ??= this.read().finally(() => {
      this.reading = undefined;
    });
    await this.reading;
    return this.book;
  }

  private async read(): Promise<void> {
    await this.dataSource.transaction('REPEATABLE READ', async (tx) => {
      const revision = await revisionOf(tx);
      const { stores, tills } = await this.stores.known(tx);
      this.book = new Book(revision, stores, tills, await this.programmes.inForce(tx));
    });
  }
}
