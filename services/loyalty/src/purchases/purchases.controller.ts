import { Controller, Inject } from '@nestjs/common';
import type { ItemContext } from '@regulars/contracts/call/v1/call';
import {
  type ClaimPurchaseRequest,
  type ClaimPurchaseResponse,
  type PostPurchaseItem,
  type PostPurchaseResult,
  type PostPurchasesRequest,
  type PostPurchasesResponse,
  PurchaseRefusal,
  PurchaseServiceService,
  type RefundPurchasesRequest,
  type RefundPurchasesResponse,
  Urgency,
} from '@regulars/contracts/loyalty/v1/purchases';
import {
  ItemPrincipals,
  mayActFor,
  type Principal,
  PrincipalVerifier,
  RpcController,
  type RpcHandlers,
  refusal,
  spanOf,
  traceparentFrom,
} from '@regulars/service';
import type { Submission } from './lanes.service.js';
import type { Incoming } from './postings.service.js';
import { PurchasesService } from './purchases.service.js';
import { contentOf, isWellFormed, isWellFormedReceipt, receiptKey, toldMember } from './receipt.js';
import { refused } from './result.js';

/** gRPC ⇄ purchases. Items carry their own principals; each is checked again here, whatever the gateway did. */
@Controller()
@RpcController(PurchaseServiceService)
export class PurchasesController implements RpcHandlers<typeof PurchaseServiceService> {
  constructor(
    private readonly purchases: PurchasesService,
    @Inject(PrincipalVerifier) private readonly verifier: PrincipalVerifier,
  ) {}

  @ItemPrincipals()
  async postPurchases({ items }: PostPurchasesRequest): Promise<PostPurchasesResponse> {
    atMost256(items);
    await this.verifyUnknown(items);
    const results = new Array<PostPurchaseResult>(items.length);
    const places: number[] = [];
    const submissions: Submission<Incoming>[] = [];
    const spans: { end(): void }[] = [];
    items.forEach((item, index) => {
      const admitted = admit(item, this.verifier.recall(item.context?.principal ?? ''), spans);
      if (typeof admitted === 'number') {
        results[index] = refused(admitted);
        return;
      }
      places.push(index);
      submissions.push(admitted);
    });
    const posted = this.purchases.post(submissions);
    if (!posted) throw refusal('RESOURCE_EXHAUSTED', 'OVERLOADED', { retryAfterS: 1 });
    (await posted).forEach((result, index) => {
      results[places[index] as number] = result;
    });
    for (const span of spans) span.end();
    return { results };
  }

  @ItemPrincipals()
  async refundPurchases(_request: RefundPurchasesRequest): Promise<RefundPurchasesResponse> {
    throw refusal('FAILED_PRECONDITION', 'NOT_YET');
  }

  async claimPurchase(_request: ClaimPurchaseRequest): Promise<ClaimPurchaseResponse> {
    throw refusal('FAILED_PRECONDITION', 'NOT_YET');
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

function atMost256(items: readonly unknown[]): void {
  if (items.length >= 1 && items.length <= 256) return;
  throw refusal('INVALID_ARGUMENT', 'MALFORMED', {
    faults: [{ pointer: '/items', message: 'expected 1 to 256 items' }],
  });
}

function admit(
  item: PostPurchaseItem,
  principal: Principal | undefined,
  spans: { end(): void }[],
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
      traceparent: traced(context?.traceparent, spans),
    },
    laneKey: toldMember(purchase.member) ?? receiptKey(receipt),
    deadlineMs: context?.deadline?.getTime() ?? Number.POSITIVE_INFINITY,
    isOffline: urgency === Urgency.OFFLINE,
  };
}

function isKey(key: string): boolean {
  return key.length <= 255 && !key.includes('\0');
}

/** A till posts for itself; people and machines for the stores in their scope. */
function mayPost(principal: Principal, { storeId, tillId }: { storeId: string; tillId: string }): boolean {
  return mayActFor(principal, storeId) && (principal.kind !== 'till' || principal.sub === tillId);
}

/** A span for an item whose caller is sampled; what the item causes hangs below it. */
function traced(traceparent: string | undefined, spans: { end(): void }[]): string | undefined {
  if (!traceparent?.endsWith('1')) return traceparent || undefined;
  const span = spanOf('post purchase', 'server', traceparent);
  spans.push(span);
  return traceparentFrom(span);
}
