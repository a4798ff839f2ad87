import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** What surveys keeps of a store. */
export interface KnownStore {
  readonly storeId: string;
  readonly version: number;
  readonly timeZone: string;
}

@Injectable()
export class StoresStore {
  /** Keeps the highest version of each store. Safe to repeat, in any order. */
  async keep(tx: EntityManager, stores: readonly KnownStore[]): Promise<void> {
    await tx.query(
      `INSERT INTO store (store_id, version, time_zone)
       SELECT DISTINCT ON (store_id) store_id, version, time_zone
       FROM unnest($1::uuid[], $2::bigint[], $3::text[]) AS told (store_id, version, time_zone)
       ORDER BY store_id, version DESC
       ON CONFLICT (store_id) DO UPDATE SET version = excluded.version, time_zone = excluded.time_zone
       WHERE store.version < excluded.version`,
      [
        stores.map(({ storeId }) => storeId),
        stores.map(({ version }) => version),
        stores.map(({ timeZone }) => timeZone),
      ],
    );
  }

  async zonesOf(tx: EntityManager, storeIds: readonly string[]): Promise<Map<string, string>> {
    const rows = await tx.query<{ store_id: string; time_zone: string }[]>(
      'SELECT store_id, time_zone FROM store WHERE store_id = ANY ($1::uuid[])',
      [storeIds],
    );
    return new Map(rows.map(({ store_id, time_zone }) => [store_id, time_zone]));
  }
}
