import { Injectable } from '@nestjs/common';
import type { OutboxEvent } from '@regulars/messaging';
import type { QueryConfig } from 'pg';
import { StandingsService } from '../tiers/standings.service.js';
import { tierEvent } from '../tiers/tier-events.js';
import type { LedgerBatch } from './ledger.js';
import { recordLedger } from './ledger.store.js';

/** Writes what was decided about points, in the transaction of whoever holds the members' locks. */
@Injectable()
export class LedgerService {
  constructor(private readonly standings: StandingsService) {}

  /** Sends the movements and their events without waiting; the caller commits them or none. */
  record(
    tx: { query(statement: QueryConfig): Promise<unknown> },
    ledger: LedgerBatch,
    events: readonly OutboxEvent[],
  ): Promise<unknown>[] {
    const promoted = ledger.promotions.map(({ change }) => tierEvent(change));
    return [
      ...recordLedger(tx, ledger, promoted.length > 0 ? [...events, ...promoted] : events),
      ...this.standings.record(tx, ledger.promotions),
      ...this.standings.reviewSoon(tx, refundedOf(ledger)),
    ];
  }
}

/** Refunds may have taken away what a tier was reached by. */
function refundedOf({ entries }: LedgerBatch) {
  return entries
    .filter(({ kind }) => kind === 'refund-reversal')
    .map(({ account: { memberId, programmeId }, postedMs }) => ({ memberId, programmeId, postedMs }));
}
