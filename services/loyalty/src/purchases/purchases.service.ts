import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { PostPurchaseResult, Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import { Lanes, type Submission } from '../lanes/lanes.service.js';
import { receiptKey } from '../receipts/receipt.js';
import { type KeptAnswer, KeptPurchases } from './kept.service.js';
import { type Incoming, Postings } from './postings.service.js';

/** A member's claim of a receipt that nobody was named for. */
export interface PurchaseClaim {
  readonly caller: string;
  readonly key: string | undefined;
  readonly receipt: Receipt;
  readonly memberId: string;
  /** The total printed on it, minor units: who knows it holds the receipt. */
  readonly totalMinor: number;
}

/** What a till does with purchases (requirements L1, L2). */
@Injectable()
export class PurchasesService {
  constructor(
    private readonly lanes: Lanes,
    private readonly postings: Postings,
    private readonly kept: KeptPurchases,
  ) {}

  /** Every purchase by itself, in order; undefined, and nothing is taken, when there is no room to wait. */
  post(purchases: readonly Submission<Incoming>[]): Promise<PostPurchaseResult[]> | undefined {
    return this.lanes.submit(this.postings, purchases);
  }

  /** Credits an anonymous purchase afterwards (requirement L2); undefined when there is no room to wait. */
  async claim(claim: PurchaseClaim): Promise<KeptAnswer | undefined> {
    const { caller, key, receipt, memberId, totalMinor } = claim;
    const body = JSON.stringify([receiptKey(receipt), memberId, totalMinor]);
    const item = {
      caller,
      key,
      receipt,
      reference: { by: { $case: 'memberId', value: memberId } },
      content: { fingerprint: Buffer.alloc(0), bodyFingerprint: createHash('sha256').update(body).digest() },
      claimedMinor: totalMinor,
    } as const;
    const deadlineMs = Number.POSITIVE_INFINITY;
    const answers = this.lanes.submit(this.kept, [{ item, laneKey: `id:${memberId}`, deadlineMs, isOffline: false }]);
    return (await answers)?.[0];
  }
}
