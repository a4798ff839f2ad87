import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { ItemContext } from '@regulars/contracts/call/v1/call';
import { type PostPurchaseResult, type Purchase, Urgency } from '@regulars/contracts/loyalty/v1/purchases';
import { RpcFailure } from '@regulars/service';
import type { Caller } from '../access/call.guard.js';
import { Chain } from '../access/chain.service.js';
import { problem, problemOf } from '../edge/problems.js';
import { counterOfPerson, counterOfTill, isCounter, type Named } from './counter.js';
import { MobilesClient } from './mobiles.client.js';
import { type Answer, answerTo } from './outcomes.js';
import { type MemberReferenceBody, type PurchaseBody, purchaseOf } from './purchase.js';
import { PurchasesClient } from './purchases.client.js';
import { answerToRefund, type RefundBody, refundOf } from './refund.js';
import { NotTaken } from './travel.client.js';

type By = NonNullable<Purchase['member']>['by'];
type Settle = (answer: Answer) => void;

/** While somebody waits at the till, a mobile is looked up within this or not at all. */
const LIVE_LOOKUP_MS = 50;
const OFFLINE_LOOKUP_MS = 1_000;

/** What comes with a purchase or a refund besides its body. */
export interface Posting {
  readonly caller: Caller;
  readonly context: ItemContext;
  /** Empty for lines of an offline batch. */
  readonly idempotencyKey: string;
  readonly urgency: Urgency;
}

/** Takes purchases and refunds to loyalty (requirements L1, L2, L6). */
@Injectable()
export class PurchasesService {
  constructor(
    @Inject(Chain) private readonly chain: Chain,
    @Inject(MobilesClient) private readonly mobiles: MobilesClient,
    @Inject(PurchasesClient) private readonly purchases: PurchasesClient,
  ) {}

  /** Posts a purchase; `settle` is called once. By callback, because a promise for each would cost more than the rest. */
  post(body: PurchaseBody, posting: Posting, settle: Settle): void {
    const counter = this.counterOf(body, posting.caller);
    if (!isCounter(counter)) {
      settle({ problem: counter, cause: undefined });
      return;
    }
    const mobile = body.member?.mobile;
    if (mobile === undefined) {
      this.forward(purchaseOf(body, counter, memberBy(body.member)), posting, settle);
      return;
    }
    const patienceMs = posting.urgency === Urgency.LIVE ? LIVE_LOOKUP_MS : OFFLINE_LOOKUP_MS;
    void this.mobiles.memberWith(mobile, patienceMs).then((memberId) => {
      if (memberId instanceof NotTaken) {
        settle(lookUpFailed(memberId));
        return;
      }
      if (memberId === '') {
        settle(nobodyHasIt);
        return;
      }
      this.forward(purchaseOf(body, counter, { $case: 'memberId', value: memberId }), posting, settle);
    });
  }

  /** Refunds a purchase; `settle` is called once. */
  refund(body: RefundBody, posting: Posting, settle: Settle): void {
    const counter = this.counterOf(body, posting.caller);
    if (!isCounter(counter)) {
      settle({ problem: counter, cause: undefined });
      return;
    }
    const { storeId = counter.storeId, tillId = counter.tillId } = body.purchase;
    if (!this.chain.hasTill(storeId, tillId)) {
      settle({ problem: noSuchTill, cause: undefined });
      return;
    }
    const { context, idempotencyKey, urgency } = posting;
    this.purchases.refund({ context, idempotencyKey, refund: refundOf(body, counter), urgency }, (result) =>
      settle(result instanceof NotTaken ? notTaken(result) : answerToRefund(result)),
    );
  }

  private counterOf(named: Named, { principal, till }: Caller): ReturnType<typeof counterOfTill> {
    return till ? counterOfTill(named, till) : counterOfPerson(named, principal.stores, this.chain);
  }

  private forward(purchase: Purchase, { context, idempotencyKey, urgency }: Posting, settle: Settle): void {
    this.purchases.post({ context, idempotencyKey, purchase, urgency }, (result: PostPurchaseResult | NotTaken) =>
      settle(result instanceof NotTaken ? notTaken(result) : answerTo(result)),
    );
  }
}

const nobodyHasIt: Answer = {
  problem: problem('MEMBER_UNKNOWN', {
    errors: [{ pointer: '/member/mobile', message: 'No member has this mobile' }],
  }),
  cause: undefined,
};

const noSuchTill = problem('TILL_UNKNOWN', {
  errors: [{ pointer: '/purchase/tillId', message: 'There is no such till at the store of the purchase' }],
});

function lookUpFailed({ reason, cause }: NotTaken): Answer {
  return { problem: problem('MEMBER_LOOKUP_UNAVAILABLE'), cause: cause ?? reason };
}

function notTaken({ reason, cause }: NotTaken): Answer {
  if (reason !== 'CALL_FAILED') return { problem: problem(reason), cause: reason };
  return { problem: cause instanceof RpcFailure ? problemOf(cause) : problem('INTERNAL'), cause };
}

/** Loyalty never sees a code token, only its hash. */
export function memberBy(reference: MemberReferenceBody | undefined): By {
  if (reference?.number !== undefined) return { $case: 'number', value: reference.number };
  if (reference?.memberId !== undefined) return { $case: 'memberId', value: reference.memberId };
  if (reference?.codeToken === undefined) return undefined;
  return { $case: 'codeTokenSha256', value: hash('sha256', reference.codeToken, 'buffer') };
}
