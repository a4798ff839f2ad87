import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, cutPage, once, type Page, type Principal } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { VaultService } from '../privacy/vault.service.js';
import {
  addImport,
  completeImport,
  findImport,
  type ImportRow,
  importedMembers,
  keepPart,
  rejectionsOf,
} from './imports.store.js';
import type { ImportTerms } from './row.js';

export type { ImportRow } from './imports.store.js';

/** An import to be begun. */
export interface NewImport {
  readonly idempotencyKey: string;
  readonly format: 'csv' | 'ndjson';
  readonly terms: ImportTerms;
}

type No<Reason> = { readonly outcome: 'refused'; readonly reason: Reason };
export type Begun =
  | { readonly outcome: 'begun'; readonly importId: string; readonly replayed: boolean }
  | No<'IDEMPOTENCY_KEY_REUSED'>;
export type Kept = { readonly outcome: 'kept' } | No<'IMPORT_UNKNOWN' | 'IMPORT_NOT_RECEIVING'>;
export type Completed =
  | { readonly outcome: 'completed'; readonly found: ImportRow }
  | No<'IMPORT_UNKNOWN' | 'IMPORT_PARTS_MISSING'>;

/** Files with members as they come in (requirement M1). */
@Injectable()
export class ImportsService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(VaultService) private readonly vault: VaultService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Safe to repeat: the idempotency key answers the first answer. */
  async begin(principal: Principal, { idempotencyKey: key, ...body }: NewImport): Promise<Begun> {
    const write = { caller: principal.sub, route: 'BeginImport', key, body };
    const done = await this.dataSource.transaction((tx) => once(tx, write, () => this.add(tx, principal, body)));
    if (done.outcome === 'refused') return done;
    return { outcome: 'begun', importId: done.result, replayed: done.replayed };
  }

  /** Keeps a part of a file, sealed. Safe to repeat. */
  async keep(importId: string, part: number, content: Uint8Array): Promise<Kept> {
    const sealed = this.vault.sealPart(importId, part, Buffer.from(content));
    if (await keepPart(this.dataSource.manager, importId, part, sealed)) return { outcome: 'kept' };
    const found = await this.find(importId);
    return { outcome: 'refused', reason: found ? 'IMPORT_NOT_RECEIVING' : 'IMPORT_UNKNOWN' };
  }

  /** The file is whole. Safe to repeat. */
  async complete(importId: string, parts: number): Promise<Completed> {
    const isWhole = await this.dataSource.transaction((tx) => completeImport(tx, importId, parts));
    const found = await this.find(importId);
    if (!found) return { outcome: 'refused', reason: 'IMPORT_UNKNOWN' };
    if (!isWhole && found.state === 'receiving') return { outcome: 'refused', reason: 'IMPORT_PARTS_MISSING' };
    return { outcome: 'completed', found };
  }

  find(importId: string): Promise<ImportRow | undefined> {
    return findImport(this.dataSource.manager, importId);
  }

  /** Who was registered from files under external ids, in their order; empty for nobody. */
  async findImported(source: string, externalIds: readonly string[]): Promise<string[]> {
    const indexes = externalIds.map((externalId) => this.vault.fingerprint({ source, externalId }));
    const found = await importedMembers(this.dataSource.manager, indexes);
    return indexes.map((index) => found.get(index.toString('hex')) ?? '');
  }

  /** Rows that were not taken, a line for each fault; undefined when there is no such import. */
  async rejections(importId: string, page: Page) {
    if (!(await this.find(importId))) return undefined;
    const rows = await rejectionsOf(this.dataSource.manager, importId, page);
    const { page: rejections, nextCursor } = cutPage(rows, page.limit, ({ rejection }) => [rejection]);
    return { rejections, nextCursor };
  }

  private async add(tx: EntityManager, principal: Principal, told: Omit<NewImport, 'idempotencyKey'>): Promise<string> {
    const importId = uuidv7();
    await addImport(tx, { importId, begunAt: this.clock.now(), ...told }, principal.sub);
    return importId;
  }
}
