import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, cutPage, logConfiguration, once, type Page } from '@regulars/service';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { BookService } from '../book/book.service.js';
import type { OpeningRow } from './opening.js';
import * as store from './openings.store.js';

/** An opening to be begun. */
export type Beginning = Pick<OpeningRow, 'programmeId' | 'source' | 'isDryRun' | 'expected'>;

/** Who writes, and under which key. */
export interface Writing {
  readonly caller: string;
  readonly key: string;
}

type No<Reason> = { readonly outcome: 'refused'; readonly reason: Reason };
export type Changed<Reason> =
  | { readonly outcome: 'done'; readonly opening: OpeningRow; readonly replayed: boolean }
  | No<Reason | 'IDEMPOTENCY_KEY_REUSED'>;

/** Files with what members bring along, as they come in, and whether they are taken back (requirement L16). */
@Injectable()
export class OpeningsService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly books: BookService,
  ) {}

  /** Safe to repeat under the same key. */
  async begin({ caller, key }: Writing, beginning: Beginning): Promise<Changed<'PROGRAMME_UNKNOWN'>> {
    const { programmeId } = beginning;
    const now = this.clock.now();
    if (!(await this.books.policyToday(programmeId))) return { outcome: 'refused', reason: 'PROGRAMME_UNKNOWN' };
    return this.dataSource.transaction(async (tx) => {
      const done = await once(tx, { caller, key, route: 'begin-opening', body: beginning }, async () => {
        const openingId = uuidv7();
        await store.addOpening(tx, { ...beginning, openingId, begunBy: caller, begunAt: now });
        const { source, isDryRun } = beginning;
        const after = { programmeId, source, isDryRun };
        await logConfiguration(tx, { at: now, principal: caller, change: 'opening-begun', recordId: openingId, after });
        return openingId;
      });
      if (done.outcome === 'refused') return done;
      const opening = await store.findOpening(tx, done.result);
      if (!opening) throw new Error('an opening that was just written is not there');
      return { outcome: 'done', opening, replayed: done.replayed };
    });
  }

  /** Keeps a part of a file. Safe to repeat. */
  async keep(
    openingId: string,
    part: number,
    content: Uint8Array,
  ): Promise<{ readonly outcome: 'kept' } | No<'OPENING_UNKNOWN' | 'OPENING_NOT_RECEIVING'>> {
    const tx = this.dataSource.manager;
    if (await store.keepPart(tx, openingId, part, Buffer.from(content))) return { outcome: 'kept' };
    const found = await this.find(openingId);
    return { outcome: 'refused', reason: found ? 'OPENING_NOT_RECEIVING' : 'OPENING_UNKNOWN' };
  }

  /** The file is whole. Safe to repeat. */
  async complete(
    openingId: string,
    parts: number,
  ): Promise<
    { readonly outcome: 'done'; readonly opening: OpeningRow } | No<'OPENING_UNKNOWN' | 'OPENING_PARTS_MISSING'>
  > {
    const isWhole = await this.dataSource.transaction((tx) => store.completeOpening(tx, openingId, parts));
    const opening = await this.find(openingId);
    if (!opening) return { outcome: 'refused', reason: 'OPENING_UNKNOWN' };
    if (!isWhole && opening.state === 'receiving') return { outcome: 'refused', reason: 'OPENING_PARTS_MISSING' };
    return { outcome: 'done', opening };
  }

  find(openingId: string): Promise<OpeningRow | undefined> {
    return store.findOpening(this.dataSource.manager, openingId);
  }

  async list(programmeId: string, page: Page) {
    const rows = await store.openingsBefore(this.dataSource.manager, programmeId, page);
    return cutPage(rows, page.limit, ({ openingId }) => [openingId]);
  }

  /** Rows that were not taken, a line for each fault; undefined when there is no such opening. */
  async rejections(openingId: string, page: Page) {
    if (!(await this.find(openingId))) return undefined;
    const rows = await store.rejectionsOf(this.dataSource.manager, openingId, page);
    return cutPage(rows, page.limit, ({ rejection }) => [rejection]);
  }

  /**
   * Orders that all of it is taken back; refused once the programme is live, because then points may have been spent.
   * What is bought while it is taken back stays.
   */
  async undo(
    { caller, key }: Writing,
    openingId: string,
  ): Promise<Changed<'OPENING_UNKNOWN' | 'OPENING_NOT_DONE' | 'PROGRAMME_LIVE' | 'ALREADY_UNDONE'>> {
    return this.dataSource.transaction(async (tx) => {
      const found = await store.findOpening(tx, openingId, 'FOR UPDATE');
      if (!found) return { outcome: 'refused', reason: 'OPENING_UNKNOWN' };
      const done = await once(tx, { caller, key, route: 'undo-opening', body: { openingId } }, async () => {
        if (found.state === 'undoing' || found.state === 'undone') return { reason: 'ALREADY_UNDONE' as const };
        if (found.isDryRun || (found.state !== 'done' && found.state !== 'failed')) {
          return { reason: 'OPENING_NOT_DONE' as const };
        }
        if (await store.isLive(tx, found.programmeId)) return { reason: 'PROGRAMME_LIVE' as const };
        await store.orderUndo(tx, openingId);
        const { programmeId } = found;
        const told = { principal: caller, change: 'opening-undone', recordId: openingId, after: { programmeId } };
        await logConfiguration(tx, { at: this.clock.now(), ...told });
        return {};
      });
      if (done.outcome === 'refused') return done;
      if (done.result.reason) return { outcome: 'refused', reason: done.result.reason };
      const opening = await store.findOpening(tx, openingId);
      return { outcome: 'done', opening: opening ?? found, replayed: done.replayed };
    });
  }
}
