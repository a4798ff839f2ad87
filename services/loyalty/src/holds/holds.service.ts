import { Inject, Injectable } from '@nestjs/common';
import { appendToOutbox } from '@regulars/messaging';
import { CLOCK, type Clock, cutPage, once, type Page } from '@regulars/service';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { PendingService } from '../purchases/pending.service.js';
import { type HoldRow, numbersOf } from './hold.js';
import { holdLifted } from './hold-events.js';
import * as store from './holds.store.js';

/** What a supervisor decides. */
export interface Deciding {
  readonly purchaseId: string;
  readonly decision: 'released' | 'reversed';
  readonly reason: string;
}

export type HoldRefusal = 'IDEMPOTENCY_KEY_REUSED' | 'HOLD_UNKNOWN' | 'HOLD_DECIDED';

export type DecidedHold =
  | { readonly outcome: 'done'; readonly hold: HoldRow; readonly replayed: boolean }
  | { readonly outcome: 'refused'; readonly reason: HoldRefusal };

/** Suspicious purchases and what people decide about them (requirement L15). */
@Injectable()
export class HoldsService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly pending: PendingService,
  ) {}

  find(purchaseId: string): Promise<HoldRow | undefined> {
    return store.findHold(this.dataSource.manager, purchaseId);
  }

  async list(filter: store.HoldFilter, { limit, after }: Page) {
    const [id] = after ?? [];
    const rows = await store.holdsAfter(this.dataSource.manager, filter, id as string | undefined, limit);
    return cutPage(rows, limit, ({ purchaseId }) => [purchaseId]);
  }

  /** Decides once, whoever else decides at the same time. A released purchase is credited by due-time work. */
  async decide(writing: { caller: string; key: string }, deciding: Deciding): Promise<DecidedHold> {
    const { purchaseId, decision, reason } = deciding;
    return this.dataSource.transaction(async (tx): Promise<DecidedHold> => {
      const write = { ...writing, route: 'decide-hold', body: deciding };
      const done = await once(tx, write, async (): Promise<{ reason?: HoldRefusal }> => {
        const hold = await store.findHold(tx, purchaseId);
        if (!hold) return { reason: 'HOLD_UNKNOWN' };
        const made = { purchaseId, decision, reason, decidedBy: writing.caller, decidedAt: this.clock.now() };
        if (!(await store.markDecided(tx, made))) return { reason: 'HOLD_DECIDED' };
        const [cause] = hold.causes;
        if (decision === 'released') await this.pending.release(tx, purchaseId, cause ? numbersOf(cause) : {});
        const { decidedBy, decidedAt } = made;
        await appendToOutbox(tx, [holdLifted(uuidv7(), { ...hold, state: decision, decidedBy, decidedAt })]);
        return {};
      });
      if (done.outcome === 'refused') return done;
      const hold = await store.findHold(tx, purchaseId);
      if (done.result.reason ?? !hold) return { outcome: 'refused', reason: done.result.reason ?? 'HOLD_UNKNOWN' };
      return { outcome: 'done', hold, replayed: done.replayed };
    });
  }
}
