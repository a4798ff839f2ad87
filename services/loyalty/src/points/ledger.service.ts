import { Injectable } from '@nestjs/common';
import type { OutboxEvent } from '@regulars/messaging';
import type { QueryConfig } from 'pg';
import type { LedgerBatch } from './ledger.js';
import { recordLedger } from './ledger.store.js';

/** Writes what was decided about points, in the transaction of whoever holds the members' locks. */
@Injectable()
export class LedgerService {
  /** Sends the movements and their events without waiting; the caller commits them or none. */
  record(
    tx: { query(statement: QueryConfig): Promise<unknown> },
    ledger: LedgerBatch,
    events: readonly OutboxEvent[],
  ): Promise<unknown>[] {
    return recordLedger(tx, ledger, events);
  }
}
