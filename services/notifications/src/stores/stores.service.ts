import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { StoresStore, type StoreText, type ToldStore } from './stores.store.js';

export type { StoreText };

/** What messages say of stores, as the stores service told. */
@Injectable()
export class StoresService {
  constructor(private readonly store: StoresStore) {}

  /** Remembers stores in the caller's transaction. Safe to repeat, in any order. */
  remember(tx: EntityManager, stores: readonly ToldStore[]): Promise<void> {
    return this.store.keep(tx, stores);
  }

  /** Those of the stores that have been told here, by id. */
  async textsOf(tx: EntityManager, storeIds: readonly string[]): Promise<ReadonlyMap<string, StoreText>> {
    if (storeIds.length === 0) return new Map();
    const texts = await this.store.textsOf(tx, [...new Set(storeIds)]);
    return new Map(texts.map((text) => [text.storeId, text]));
  }
}
