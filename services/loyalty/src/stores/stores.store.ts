import type { EntityManager } from 'typeorm';
import type { KnownStore, KnownTill } from './store.js';

export function allStores(tx: EntityManager): Promise<KnownStore[]> {
  return tx.query(
    `SELECT store_id AS "storeId", brand_id AS "brandId", time_zone AS "timeZone",
       day_cutover_minutes AS "dayCutoverMinutes", version FROM store`,
  );
}

export function allTills(tx: EntityManager): Promise<KnownTill[]> {
  return tx.query(`SELECT till_id AS "tillId", store_id AS "storeId", version FROM till`);
}

/** Takes over what is newer than what stands; each store once. Safe to repeat. */
export async function keepStores(tx: EntityManager, stores: readonly KnownStore[]): Promise<void> {
  await tx.query(
    `INSERT INTO store (store_id, brand_id, time_zone, day_cutover_minutes, version)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::integer[], $5::bigint[])
     ON CONFLICT (store_id) DO UPDATE SET brand_id = excluded.brand_id, time_zone = excluded.time_zone,
       day_cutover_minutes = excluded.day_cutover_minutes, version = excluded.version
     WHERE store.version < excluded.version`,
    [
      stores.map((store) => store.storeId),
      stores.map((store) => store.brandId),
      stores.map((store) => store.timeZone),
      stores.map((store) => store.dayCutoverMinutes),
      stores.map((store) => store.version),
    ],
  );
  await tx.query(`SELECT reference_changed()`);
}

/** Takes over what is newer than what stands; each till once. Safe to repeat. */
export async function keepTills(tx: EntityManager, tills: readonly KnownTill[]): Promise<void> {
  await tx.query(
    `INSERT INTO till (till_id, store_id, version) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[])
     ON CONFLICT (till_id) DO UPDATE SET store_id = excluded.store_id, version = excluded.version
     WHERE till.version < excluded.version`,
    [tills.map((till) => till.tillId), tills.map((till) => till.storeId), tills.map((till) => till.version)],
  );
  await tx.query(`SELECT reference_changed()`);
}
