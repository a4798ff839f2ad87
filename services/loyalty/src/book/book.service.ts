import { Inject, Injectable } from '@nestjs/common';
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
  private comparedMs = 0;

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
    const nowMs = this.clock.now().getTime();
    if (this.book.revision === 0) return this.refresh();
    if (Math.abs(nowMs - this.comparedMs) > COMPARE_EVERY_MS) {
      const revision = await revisionOf(this.dataSource.manager);
      this.comparedMs = nowMs;
      if (revision !== this.book.revision) await this.refresh();
    }
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
