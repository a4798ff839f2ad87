import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ProgrammesService } from '../programmes/programmes.service.js';
import { StoresService } from '../stores/stores.service.js';
import { Book } from './book.js';
import { revisionOf } from './book.store.js';

/** Keeps the book in memory; who sees a newer revision under the locks asks for it. */
@Injectable()
export class BookService {
  private book = new Book(0, new Map(), new Map(), new Map());
  private reading: Promise<void> | undefined;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    private readonly programmes: ProgrammesService,
    private readonly stores: StoresService,
  ) {}

  current(): Book {
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
