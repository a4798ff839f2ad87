import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { type KnownStore, StoresStore } from './stores.store.js';

/** Which stores there are, as the stores service told. */
@Injectable()
export class StoresService {
  constructor(private readonly store: StoresStore) {}

  /** Remembers stores in the caller's transaction. Safe to repeat, in any order. */
  remember(tx: EntityManager, stores: readonly KnownStore[]): Promise<void> {
    return this.store.keep(tx, stores);
  }

  /** Whether the store exists, as far as it has been told here. */
  knows(tx: EntityManager, storeId: string): Promise<boolean> {
    return this.store.has(tx, storeId);
  }
}
