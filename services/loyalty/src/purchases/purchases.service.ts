import { Injectable } from '@nestjs/common';
import type { PostPurchaseResult } from '@regulars/contracts/loyalty/v1/purchases';
import { Lanes, type Submission } from './lanes.service.js';
import { type Incoming, Postings } from './postings.service.js';

/** What a till does with purchases (requirements L1, L2, L6). */
@Injectable()
export class PurchasesService {
  constructor(
    private readonly lanes: Lanes,
    private readonly postings: Postings,
  ) {}

  /** Every purchase by itself, in order; undefined, and nothing is taken, when there is no room to wait. */
  post(purchases: readonly Submission<Incoming>[]): Promise<PostPurchaseResult[]> | undefined {
    return this.lanes.submit(this.postings, purchases);
  }
}
