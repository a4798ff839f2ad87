import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** What messages say of a store. */
export interface StoreText {
  readonly storeId: string;
  readonly timeZone: string;
  readonly nameZh: string;
  readonly nameEn: string;
}

/** A store as it was told. */
export interface ToldStore extends StoreText {
  readonly version: number;
}

@Injectable()
export class StoresStore {
  /** Keeps the highest version of each store. Safe to repeat, in any order. */
  async keep(tx: EntityManager, stores: readonly ToldStore[]): Promise<void> {
    await tx.query(
      `INSERT INTO store (store_id, version, time_zone, name_zh, name_en)
       SELECT DISTINCT ON (store_id) store_id, version, time_zone, name_zh, name_en
       FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[])
         AS told (store_id, version, time_zone, name_zh, name_en) ORDER BY store_id, version DESC
       ON CONFLICT (store_id) DO UPDATE SET version = excluded.version, time_zone = excluded.time_zone,
         name_zh = excluded.name_zh, name_en = excluded.name_en
       WHERE store.version < excluded.version`,
      [
        stores.map(({ storeId }) => storeId),
        stores.map(({ version }) => version),
        stores.map(({ timeZone }) => timeZone),
        stores.map(({ nameZh }) => nameZh),
        stores.map(({ nameEn }) => nameEn),
      ],
    );
  }

  async textsOf(tx: EntityManager, storeIds: readonly string[]): Promise<StoreText[]> {
    return tx.query<StoreText[]>(
      `SELECT store_id AS "storeId", time_zone AS "timeZone", name_zh AS "nameZh", name_en AS "nameEn"
       FROM store WHERE store_id = ANY ($1::uuid[])`,
      [storeIds],
    );
  }
}
