import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { KnownStore, KnownTill } from './store.js';
import * as store from './stores.store.js';

/** Every store and till: what the purchase path keeps in memory. */
export interface KnownStores {
  readonly stores: ReadonlyMap<string, KnownStore>;
  /** Store by till. */
  readonly tills: ReadonlyMap<string, string>;
}

/** Copies of the stores and tills that their owner tells of. */
@Injectable()
export class StoresService {
  async known(tx: EntityManager): Promise<KnownStores> {
    const [stores, tills] = [await store.allStores(tx), await store.allTills(tx)];
    return {
      stores: new Map(stores.map((row) => [row.storeId, row])),
      tills: new Map(tills.map((row) => [row.tillId, row.storeId])),
    };
  }

  async keepStores(tx: EntityManager, stores: readonly KnownStore[]): Promise<void> {
    const newest = newestOf(stores, (row) => row.storeId);
    if (newest.length > 0) await store.keepStores(tx, newest);
  }

  async keepTills(tx: EntityManager, tills: readonly KnownTill[]): Promise<void> {
    const newest = newestOf(tills, (row) => row.tillId);
    if (newest.length > 0) await store.keepTills(tx, newest);
  }
}

function newestOf<Row extends { readonly version: number }>(rows: readonly Row[], id: (row: Row) => string): Row[] {
  const newest = new Map<string, Row>();
  for (const row of rows) {
    const known = newest.get(id(row));
    if (!known || known.version < row.version) newest.set(id(row), row);
  }
  return [...newest.values()];
}
