import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { type KnownStore, StoresStore } from './stores.store.js';

/** In which zone each store is, as the stores service told. */
@Injectable()
export class StoresService {
  constructor(private readonly store: StoresStore) {}

  /** Remembers stores in the caller's transaction. Safe to repeat, in any order. */
  remember(tx: EntityManager, stores: readonly KnownStore[]): Promise<void> {
    return this.store.keep(tx, stores);
  }

  /** IANA zones of those of the stores that have been told here, by id. */
  zonesOf(tx: EntityManager, storeIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.store.zonesOf(tx, storeIds);
  }
}
