import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** What complaints keeps of a store. */
export interface KnownStore {
  readonly storeId: string;
  readonly version: number;
}

@Injectable()
export class StoresStore {
  /** Keeps the highest version of each store. Safe to repeat, in any order. */
  async keep(tx: EntityManager, stores: readonly KnownStore[]): Promise<void> {
    await tx.query(
      `INSERT INTO store (store_id, version)
       SELECT DISTINCT ON (store_id) store_id, version
       FROM unnest($1::uuid[], $2::bigint[]) AS told (store_id, version) ORDER BY store_id, version DESC
       ON CONFLICT (store_id) DO UPDATE SET version = excluded.version WHERE store.version < excluded.version`,
      [stores.map(({ storeId }) => storeId), stores.map(({ version }) => version)],
    );
  }

  async has(tx: EntityManager, storeId: string): Promise<boolean> {
    const found = await tx.query<unknown[]>('SELECT 1 FROM store WHERE store_id = $1', [storeId]);
    return found.length > 0;
  }
}
