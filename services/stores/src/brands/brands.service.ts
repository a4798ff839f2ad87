import { Inject, Injectable } from '@nestjs/common';
import type { Brand } from '@regulars/contracts/stores/v1/stores';
import type { RepublishedEvent } from '@regulars/messaging';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { type Caller, ChangesService, type Once } from '../changes/changes.service.js';
import { type BrandDraft, brandChanged } from './brands.js';
import { addBrand, brandsAfter, hasBrand, hasCode } from './brands.store.js';

export type CreateBrand =
  | { readonly outcome: 'created'; readonly brand: Brand }
  | { readonly outcome: 'refused'; readonly reason: 'BRAND_CODE_TAKEN' };

@Injectable()
export class BrandsService {
  constructor(@Inject(ChangesService) private readonly changes: ChangesService) {}

  create(caller: Caller, draft: BrandDraft): Promise<Once<CreateBrand>> {
    return this.changes.once<CreateBrand>(caller, { route: 'CreateBrand', body: draft }, async (tx) => {
      if (await hasCode(tx, draft.code)) return { outcome: 'refused', reason: 'BRAND_CODE_TAKEN' };
      const brand = { brandId: uuidv7(), ...draft };
      const latest = this.changes.first();
      await addBrand(tx, { ...brand, ...latest });
      await this.changes.announce(tx, caller, 'brand-created', brandChanged(brand, latest));
      return { outcome: 'created', brand };
    });
  }

  exists(tx: EntityManager, brandId: string): Promise<boolean> {
    return hasBrand(tx, brandId);
  }

  /** The latest events of a page of brands by id, as they were published, from after `brandId`. */
  async latestEvents(tx: EntityManager, brandId: string, limit: number): Promise<RepublishedEvent[]> {
    const rows = await brandsAfter(tx, brandId, limit);
    return rows.map((row) => brandChanged(row, row));
  }
}
