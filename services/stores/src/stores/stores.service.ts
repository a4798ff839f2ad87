import { Inject, Injectable } from '@nestjs/common';
import type { Store } from '@regulars/contracts/stores/v1/stores';
import type { RepublishedEvent } from '@regulars/messaging';
import { cutPage, mayActFor, type Page, type Principal } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { validate as isUuid, v7 as uuidv7 } from 'uuid';
import { BrandsService } from '../brands/brands.service.js';
import { type Caller, ChangesService, type Once } from '../changes/changes.service.js';
import { type StoreDraft, type StoreTerms, storeChanged, storeOf } from './stores.js';
import { addStore, findStore, hasCode, hasStore, listStores, setStore, storesAfter } from './stores.store.js';

export type CreateStore =
  | { readonly outcome: 'created'; readonly store: Store }
  | { readonly outcome: 'refused'; readonly reason: 'BRAND_UNKNOWN' | 'STORE_CODE_TAKEN' };

export type SetStore =
  | { readonly outcome: 'set'; readonly store: Store }
  | { readonly outcome: 'refused'; readonly reason: 'STORE_UNKNOWN' | 'VERSION_CHANGED' };

/** A store outside a principal's scope does not exist for that principal (requirement O4). */
@Injectable()
export class StoresService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(ChangesService) private readonly changes: ChangesService,
    @Inject(BrandsService) private readonly brands: BrandsService,
  ) {}

  create(caller: Caller, draft: StoreDraft): Promise<Once<CreateStore>> {
    return this.changes.once<CreateStore>(caller, { route: 'CreateStore', body: draft }, async (tx) => {
      if (!(await this.brands.exists(tx, draft.brandId))) return { outcome: 'refused', reason: 'BRAND_UNKNOWN' };
      if (await hasCode(tx, draft.code)) return { outcome: 'refused', reason: 'STORE_CODE_TAKEN' };
      const storeId = uuidv7();
      const latest = this.changes.first();
      await addStore(tx, { storeId, ...draft, ...latest });
      const store = storeOf(storeId, { ...draft, ...latest });
      await this.changes.announce(tx, caller, 'store-created', storeChanged(store, latest));
      return { outcome: 'created', store };
    });
  }

  /** Replaces what can be changed of a store, unless somebody changed it since it was read. */
  set(caller: Caller, terms: StoreTerms): Promise<Once<SetStore>> {
    return this.changes.once<SetStore>(caller, { route: 'SetStore', body: terms }, async (tx) => {
      const { storeId, expectedVersion, ...changed } = terms;
      const row = mayActFor(caller.principal, storeId) ? await findStore(tx, storeId) : null;
      if (!row) return { outcome: 'refused', reason: 'STORE_UNKNOWN' };
      if (row.version !== expectedVersion) return { outcome: 'refused', reason: 'VERSION_CHANGED' };
      const latest = this.changes.next(row.version);
      await setStore(tx, storeId, { ...changed, ...latest });
      const store = storeOf(storeId, Object.assign(row, changed, latest));
      await this.changes.announce(tx, caller, 'store-changed', storeChanged(store, latest));
      return { outcome: 'set', store };
    });
  }

  /** Undefined when it does not exist for the principal. */
  async find(principal: Principal, storeId: string): Promise<Store | undefined> {
    if (!isUuid(storeId) || !mayActFor(principal, storeId)) return undefined;
    const row = await findStore(this.dataSource.manager, storeId);
    return row ? storeOf(storeId, row) : undefined;
  }

  /** A page of the stores in the principal's scope, by code. */
  async list(principal: Principal, page: Page): Promise<{ stores: Store[]; nextCursor: string }> {
    const scope = principal.stores === '*' ? '*' : principal.stores.filter((storeId) => isUuid(storeId));
    const rows = await listStores(this.dataSource.manager, scope, page);
    const { page: stores, nextCursor } = cutPage(rows, page.limit, (row) => [row.code]);
    return { stores: stores.map((row) => storeOf(row.storeId, row)), nextCursor };
  }

  async exists(tx: EntityManager, principal: Principal, storeId: string): Promise<boolean> {
    return isUuid(storeId) && mayActFor(principal, storeId) && (await hasStore(tx, storeId));
  }

  /** The latest events of a page of stores by id, as they were published, from after `storeId`. */
  async latestEvents(tx: EntityManager, storeId: string, limit: number): Promise<RepublishedEvent[]> {
    const rows = await storesAfter(tx, storeId, limit);
    return rows.map((row) => storeChanged(storeOf(row.storeId, row), row));
  }
}
