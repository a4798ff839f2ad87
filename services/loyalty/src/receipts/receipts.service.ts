import { Injectable } from '@nestjs/common';
import type { Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import type { EntityManager } from 'typeorm';
import type { LaneTransaction } from '../lanes/lane.js';
import { type ConflictRow, conflictsStatement, isGivenBack, type KeyRow, keysStatement } from './receipts.store.js';

/** What purchases and refunds have in common: answers under keys, and receipts that stand with another body. */
@Injectable()
export class ReceiptsService {
  /** Sends without waiting; the caller commits all or none. */
  record(
    tx: LaneTransaction,
    route: 'purchase' | 'refund' | 'claim',
    { keys, conflicts }: { readonly keys: readonly KeyRow[]; readonly conflicts: readonly ConflictRow[] },
    now: string,
  ): Promise<unknown>[] {
    const sent: Promise<unknown>[] = [];
    if (keys.length > 0) sent.push(tx.query(keysStatement(route, keys, now)));
    if (conflicts.length > 0) sent.push(tx.query(conflictsStatement(route, conflicts, now)));
    return sent;
  }

  /** Makes the commit of a batch that only repeats answers wait for the standby as the first answers did. */
  markReplay(tx: LaneTransaction): Promise<unknown> {
    return tx.query({ name: 'replay', text: `SELECT pg_logical_emit_message(true, 'replay', '')` });
  }

  /** Whether all of a receipt was refunded already, so that nothing can pay for it any more (requirement L6). */
  isGivenBack(tx: EntityManager, programmeId: string, receipt: Receipt): Promise<boolean> {
    return isGivenBack(tx, programmeId, receipt);
  }
}
