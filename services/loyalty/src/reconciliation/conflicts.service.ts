import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, cutPage, once, type Page } from '@regulars/service';
import { DataSource } from 'typeorm';
import type { ConflictAction, ConflictRow } from './conflict.js';
import * as store from './conflicts.store.js';

export type ConflictRefusal = 'IDEMPOTENCY_KEY_REUSED' | 'CONFLICT_UNKNOWN' | 'CONFLICT_SETTLED';

export type Settled =
  | { readonly outcome: 'done'; readonly conflict: ConflictRow; readonly replayed: boolean }
  | { readonly outcome: 'refused'; readonly reason: ConflictRefusal };

/** Receipts that came again with another body, and what people did about them (requirement L17). */
@Injectable()
export class ConflictsService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  find(conflictId: string): Promise<ConflictRow | undefined> {
    return store.findConflict(this.dataSource.manager, conflictId);
  }

  async list(storeIds: readonly string[] | undefined, openOnly: boolean, { limit, after }: Page) {
    const place = after as readonly [string, string] | undefined;
    const rows = await store.conflictsAfter(this.dataSource.manager, { storeIds, openOnly }, place, limit);
    return cutPage(rows, limit, ({ postedAt, conflictId }) => [postedAt.toISOString(), conflictId]);
  }

  async settle(
    writing: { caller: string; key: string },
    settling: { conflictId: string; action: ConflictAction; note: string },
  ): Promise<Settled> {
    const { conflictId } = settling;
    return this.dataSource.transaction(async (tx): Promise<Settled> => {
      const write = { ...writing, route: 'settle-conflict', body: settling };
      const done = await once(tx, write, async (): Promise<{ reason?: ConflictRefusal }> => {
        if (!(await store.findConflict(tx, conflictId))) return { reason: 'CONFLICT_UNKNOWN' };
        const isMine = await store.settle(tx, { ...settling, by: writing.caller, at: this.clock.now() });
        return isMine ? {} : { reason: 'CONFLICT_SETTLED' };
      });
      if (done.outcome === 'refused') return done;
      const conflict = await store.findConflict(tx, conflictId);
      if (done.result.reason || !conflict) {
        return { outcome: 'refused', reason: done.result.reason ?? 'CONFLICT_UNKNOWN' };
      }
      return { outcome: 'done', conflict, replayed: done.replayed };
    });
  }
}
