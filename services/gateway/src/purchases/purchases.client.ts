import { Inject, Injectable } from '@nestjs/common';
import {
  type PostPurchaseItem,
  type PostPurchaseResult,
  PostPurchasesRequest,
  type RefundPurchaseItem,
  type RefundPurchaseResult,
  RefundPurchasesRequest,
  Urgency,
} from '@regulars/contracts/loyalty/v1/purchases';
import { Owners } from '../owners.client.js';
import type { Limits } from './queue.js';
import { type Encoded, type NotTaken, requestOf, TravelTogether } from './travel.client.js';

/** So much waits at most: what a till still gets an answer to while it has patience. */
const limits: Limits = {
  items: 256,
  bytes: 2 * 1024 * 1024,
  waiting: 2_048,
  waitingBytes: 16 * 1024 * 1024,
};

/** Purchases and refunds on their way to loyalty, many in one call. */
@Injectable()
export class PurchasesClient {
  private readonly purchases: TravelTogether<Encoded<PostPurchaseResult>, PostPurchaseResult>;
  private readonly refunds: TravelTogether<Encoded<RefundPurchaseResult>, RefundPurchaseResult>;

  constructor(@Inject(Owners) { encodedPurchases }: Owners) {
    this.purchases = new TravelTogether(limits, async (load, deadline) => {
      const response = await encodedPurchases.postPurchases(load.map(requestOf), { deadline });
      return response.results;
    });
    this.refunds = new TravelTogether(limits, async (load, deadline) => {
      const response = await encodedPurchases.refundPurchases(load.map(requestOf), { deadline });
      return response.results;
    });
  }

  /** Posts one purchase; `settle` is called with what became of it. */
  post(item: PostPurchaseItem, settle: (result: PostPurchaseResult | NotTaken) => void): void {
    const request = PostPurchasesRequest.encode({ items: [item] }).finish();
    this.purchases.take(travelling(request, item, settle));
  }

  /** Refunds one purchase; `settle` is called with what became of it. */
  refund(item: RefundPurchaseItem, settle: (result: RefundPurchaseResult | NotTaken) => void): void {
    const request = RefundPurchasesRequest.encode({ items: [item] }).finish();
    this.refunds.take(travelling(request, item, settle));
  }
}

function travelling<Result>(
  request: Uint8Array,
  { context, urgency }: PostPurchaseItem | RefundPurchaseItem,
  settle: (result: Result | NotTaken) => void,
): Encoded<Result> {
  return {
    request,
    bytes: request.length,
    deadlineMs: context?.deadline?.getTime() ?? 0,
    isOffline: urgency === Urgency.OFFLINE,
    settle,
  };
}
