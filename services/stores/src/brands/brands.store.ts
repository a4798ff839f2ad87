import { Column, Entity, type EntityManager, MoreThan, PrimaryColumn } from 'typeorm';
import type { Latest } from '../latest.js';

@Entity('brand')
export class BrandRow implements Latest {
  @PrimaryColumn('uuid', { name: 'brand_id' })
  brandId!: string;

  @Column('text')
  code!: string;

  @Column('text', { name: 'name_zh' })
  nameZh!: string;

  @Column('text', { name: 'name_en' })
  nameEn!: string;

  @Column('bigint')
  version!: number;

  @Column('uuid', { name: 'event_id' })
  eventId!: string;

  @Column('timestamptz', { name: 'changed_at' })
  changedAt!: Date;
}

export function hasCode(tx: EntityManager, code: string): Promise<boolean> {
  return tx.existsBy(BrandRow, { code });
}

export async function addBrand(tx: EntityManager, brand: BrandRow): Promise<void> {
  await tx.insert(BrandRow, brand);
}

export function hasBrand(tx: EntityManager, brandId: string): Promise<boolean> {
  return tx.existsBy(BrandRow, { brandId });
}

/** A page of all brands by id, from after `brandId`. */
export function brandsAfter(tx: EntityManager, brandId: string, limit: number): Promise<BrandRow[]> {
  return tx.find(BrandRow, { where: { brandId: MoreThan(brandId) }, order: { brandId: 'ASC' }, take: limit });
}
