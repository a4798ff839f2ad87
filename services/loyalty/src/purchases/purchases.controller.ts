import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import type { ItemContext } from '@regulars/contracts/call/v1/call';
import {
  type ClaimPurchaseRequest,
  type ClaimPurchaseResponse,
  type PostPurchaseItem,
  type PostPurchasesRequest,
  type PostPurchasesResponse,
  PurchaseRefusal,
  PurchaseServiceService,
  type RefundPurchaseItem,
  type RefundPurchasesRequest,
  type RefundPurchasesResponse,
  RefundRefusal,
  UnprocessedReason,
  Urgency,
} from '@regulars/contracts/loyalty/v1/purchases';
import {
  ItemPrincipals,
  mayActFor,
  type Principal,
  PrincipalVerifier,
  principalOf,
  RpcController,
  type RpcHandlers,
  refusal,
  spanOf,
  traceparentFrom,
} from '@regulars/service';
import type { Submission } from '../lanes/lanes.service.js';
import { isUuid } from '../programmes/terms.js';
import { isAmount, isKey, isWellFormedReceipt, receiptKey } from '../receipts/receipt.js';
import type { IncomingRefund } from '../refunds/refund-batches.service.js';
import { isWellFormedRefund, refundContentOf } from '../refunds/refund-receipt.js';
import { refundRefused } from '../refunds/refund-result.js';
import { RefundsService } from '../refunds/refunds.service.js';
import { contentOf, isWellFormed, toldMember } from './content.js';
import type { Incoming } from './postings.service.js';
import { PurchasesService } from './purchases.service.js';
import { answerOf, refused } from './result.js';

/** gRPC ⇄ purchases. Items carry their own principals; each is checked again here, whatever the gateway did. */
@Controller()
@RpcController(PurchaseServiceService)
export class PurchasesController implements RpcHandlers<typeof PurchaseServiceService> {
  constructor(
    private readonly purchases: PurchasesService,
    private readonly refunds: RefundsService,
    @Inject(PrincipalVerifier) private readonly verifier: PrincipalVerifier,
  ) {}

  @ItemPrincipals()
  async postPurchases({ items }: PostPurchasesRequest): Promise<PostPurchasesResponse> {
    const results = await this.eachByItself(items, admit, refused, (admitted) => this.purchases.post(admitted));
    return { results };
  }

  @ItemPrincipals()
  async refundPurchases({ items }: RefundPurchasesRequest): Promise<RefundPurchasesResponse> {
    const results = await this.eachByItself(items, admitRefund, refundRefused, (admitted) =>
      this.refunds.post(admitted),
    );
    return { results };
  }

  async claimPurchase(request: ClaimPurchaseRequest, metadata: Metadata): Promise<ClaimPurchaseResponse> {
    const principal = principalOf(metadata);
    const { receipt, memberId, totalMinor, idempotencyKey } = request;
    if (!isWellFormedReceipt(receipt) || !isUuid(memberId) || !isAmount(totalMinor) || !isKey(idempotencyKey)) {
      throw refusal('INVALID_ARGUMENT', 'MALFORMED', { faults: [{ pointer: '/receipt', message: 'is not complete' }] });
    }
    if (principal.kind === 'member' && principal.sub !== memberId) throw refusal('PERMISSION_DENIED', 'NOT_ONESELF');
    const key = idempotencyKey || undefined;
    const answer = await this.purchases.claim({ caller: principal.sub, key, receipt, memberId, totalMinor });
    switch (answer?.outcome) {
      case 'answered':
        return { result: answerOf(answer.result, answer.replayed) };
      case 'refused':
        throw refusal(claimStatuses[answer.reason], answer.reason);
      case 'unprocessed':
        throw refusal('UNAVAILABLE', UnprocessedReason[answer.reason], { retryAfterS: 1 });
      case undefined:
        throw refusal('RESOURCE_EXHAUSTED', 'OVERLOADED', { retryAfterS: 1 });
    }
  }

  /** Every item is admitted or refused by itself; the admitted ones travel on together. */
  private async eachByItself<Item extends { readonly context: ItemContext | undefined }, Incoming, Result>(
    items: readonly Item[],
    admitItem: (item: Item, principal: Principal | undefined, spans: Span[]) => Submission<Incoming> | number,
    refuse: (reason: number) => Result,
    post: (admitted: Submission<Incoming>[]) => Promise<Result[]> | undefined,
  ): Promise<Result[]> {
    atMost256(items);
    await this.verifyUnknown(items);
    const results = new Array<Result>(items.length);
    const places: number[] = [];
    const submissions: Submission<Incoming>[] = [];
    const spans: Span[] = [];
    items.forEach((item, index) => {
      const admitted = admitItem(item, this.verifier.recall(item.context?.principal ?? ''), spans);
      if (typeof admitted === 'number') {
        results[index] = refuse(admitted);
        return;
      }
      places.push(index);
      submissions.push(admitted);
    });
    const posted = post(submissions);
    if (!posted) throw refusal('RESOURCE_EXHAUSTED', 'OVERLOADED', { retryAfterS: 1 });
    (await posted).forEach((result, index) => {
      results[places[index] as number] = result;
    });
    for (const span of spans) span.end();
    return results;
  }

  /** Tokens that were not seen before are verified together; what fails is not remembered and refused by its item. */
  private async verifyUnknown(items: readonly { readonly context: ItemContext | undefined }[]): Promise<void> {
    const unknown = new Set<string>();
    for (const { context } of items) {
      if (context?.principal && !this.verifier.recall(context.principal)) unknown.add(context.principal);
    }
    if (unknown.size > 0) await Promise.all([...unknown].map((token) => this.verifier.verify(token)));
  }
}

type Span = { end(): void };

const claimStatuses = {
  NOT_FOUND: 'NOT_FOUND',
  ALREADY_CREDITED: 'FAILED_PRECONDITION',
  IDEMPOTENCY_KEY_REUSED: 'ALREADY_EXISTS',
} as const;

function atMost256(items: readonly unknown[]): void {
  if (items.length >= 1 && items.length <= 256) return;
  throw refusal('INVALID_ARGUMENT', 'MALFORMED', {
    faults: [{ pointer: '/items', message: 'expected 1 to 256 items' }],
  });
}

function admit(
  item: PostPurchaseItem,
  principal: Principal | undefined,
  spans: Span[],
): Submission<Incoming> | PurchaseRefusal {
  if (!principal) return PurchaseRefusal.NOT_AUTHENTICATED;
  const { purchase, context, idempotencyKey, urgency } = item;
  const receipt = purchase?.receipt;
  if (!isWellFormedReceipt(receipt) || !purchase || !isWellFormed(purchase) || !isKey(idempotencyKey)) {
    return PurchaseRefusal.MALFORMED;
  }
  if (!mayPost(principal, receipt)) return PurchaseRefusal.STORE_NOT_ALLOWED;
  return {
    item: {
      caller: principal.sub,
      key: idempotencyKey === '' ? undefined : idempotencyKey,
      purchase,
      receipt,
      rungMs: purchase.rungAt?.getTime() ?? 0,
      content: contentOf(purchase, receipt),
      traceparent: traced('post purchase', context?.traceparent, spans),
    },
    laneKey: toldMember(purchase.member) ?? receiptKey(receipt),
    deadlineMs: context?.deadline?.getTime() ?? Number.POSITIVE_INFINITY,
    isOffline: urgency === Urgency.OFFLINE,
  };
}

function admitRefund(
  item: RefundPurchaseItem,
  principal: Principal | undefined,
  spans: Span[],
): Submission<IncomingRefund> | RefundRefusal {
  if (!principal) return RefundRefusal.NOT_AUTHENTICATED;
  const { refund, context, idempotencyKey, urgency } = item;
  const receipt = refund?.refund;
  const purchase = refund?.purchase;
  if (!isWellFormedReceipt(receipt) || !isWellFormedReceipt(purchase) || !refund || !isKey(idempotencyKey)) {
    return RefundRefusal.MALFORMED;
  }
  if (!isWellFormedRefund(refund)) return RefundRefusal.MALFORMED;
  // A receipt of another store is refunded only by who may act for both.
  if (!mayPost(principal, receipt) || !mayActFor(principal, purchase.storeId)) return RefundRefusal.STORE_NOT_ALLOWED;
  return {
    item: {
      caller: principal.sub,
      key: idempotencyKey || undefined,
      receipt,
      purchase,
      rungMs: refund.rungAt?.getTime() ?? 0,
      lines: refund.lines,
      content: refundContentOf(refund, receipt, purchase),
      traceparent: traced('refund purchase', context?.traceparent, spans),
      waitingId: undefined,
    },
    laneKey: receiptKey(purchase),
    deadlineMs: context?.deadline?.getTime() ?? Number.POSITIVE_INFINITY,
    isOffline: urgency === Urgency.OFFLINE,
  };
}

/** A till posts for itself; people and machines for the stores in their scope. */
function mayPost(principal: Principal, { storeId, tillId }: { storeId: string; tillId: string }): boolean {
  return mayActFor(principal, storeId) && (principal.kind !== 'till' || principal.sub === tillId);
}

/** A span for an item whose caller is sampled; what the item causes hangs below it. */
function traced(name: string, traceparent: string | undefined, spans: Span[]): string | undefined {
  if (!traceparent?.endsWith('1')) return traceparent || undefined;
  const span = spanOf(name, 'server', traceparent);
  spans.push(span);
  return traceparentFrom(span);
}
