import type { Page } from '@regulars/service';
import { Column, Entity, type EntityManager, In, MoreThan, PrimaryColumn } from 'typeorm';
import type { Latest } from '../latest.js';
import type { StoreDraft } from './stores.js';

@Entity('store')
export class StoreRow implements Latest, StoreDraft {
  @PrimaryColumn('uuid', { name: 'store_id' })
  storeId!: string;

  @Column('uuid', { name: 'brand_id' })
  brandId!: string;

  @Column('text')
  code!: string;

  @Column('text', { name: 'name_zh' })
  nameZh!: string;

  @Column('text', { name: 'name_en' })
  nameEn!: string;

  @Column('text', { name: 'time_zone' })
  timeZone!: string;

  @Column('integer', { name: 'day_cutover_minutes' })
  dayCutoverMinutes!: number;

  @Column('text')
  currency!: string;

  @Column('text')
  language!: StoreDraft['language'];

  @Column('bigint')
  version!: number;

  @Column('uuid', { name: 'event_id' })
  eventId!: string;

  @Column('timestamptz', { name: 'changed_at' })
  changedAt!: Date;
}

export function hasCode(tx: EntityManager, code: string): Promise<boolean> {
  return tx.existsBy(StoreRow, { code });
}

export async function addStore(tx: EntityManager, store: StoreRow): Promise<void> {
  await tx.insert(StoreRow, store);
}

export async function setStore(tx: EntityManager, storeId: string, changed: Partial<StoreRow>): Promise<void> {
  await tx.update(StoreRow, { storeId }, changed);
}

export function findStore(tx: EntityManager, storeId: string): Promise<StoreRow | null> {
  return tx.findOneBy(StoreRow, { storeId });
}

export function hasStore(tx: EntityManager, storeId: string): Promise<boolean> {
  return tx.existsBy(StoreRow, { storeId });
}

/** One more than a page of the stores in scope, by code (the unique index on `code`, in its order). */
export function listStores(tx: EntityManager, scope: '*' | readonly string[], page: Page): Promise<StoreRow[]> {
  return tx.find(StoreRow, {
    where: {
      ...(scope !== '*' && { storeId: In([...scope]) }),
      ...(page.after && { code: MoreThan(String(page.after[0])) }),
    },
    order: { code: 'ASC' },
    take: page.limit + 1,
  });
}

/** A page of all stores by id, from after `storeId`. */
export function storesAfter(tx: EntityManager, storeId: string, limit: number): Promise<StoreRow[]> {
  return tx.find(StoreRow, { where: { storeId: MoreThan(storeId) }, order: { storeId: 'ASC' }, take: limit });
}
