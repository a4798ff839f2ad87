import { createHash } from 'node:crypto';
import { Body, Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type PostPurchaseResult, type Purchase, Urgency } from '@regulars/contracts/loyalty/v1/purchases';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Caller, callerOf, contextOf, Write } from '../access/call.guard.js';
import { Chain } from '../access/chain.consumer.js';
import { ProblemAnswers, sendProblem } from '../edge/problems.guard.js';
import { type Problem, problem } from '../edge/problems.js';
import { Documented } from '../edge/reference.config.js';
import { counterOfPerson, counterOfTill, isCounter } from './counter.js';
import { MobilesClient } from './mobiles.client.js';
import { answerTo, credited, kept } from './outcomes.js';
import { type Counter, type MemberReferenceBody, type PurchaseBody, purchaseBody, purchaseOf } from './purchase.js';
import { PurchasesClient } from './purchases.client.js';
import { NotTaken } from './travel.client.js';

type By = NonNullable<Purchase['member']>['by'];

/** Purchases of tills (requirement L1). */
@ApiTags('purchases')
@Controller('v1/purchases')
export class PurchasesController {
  constructor(
    @Inject(Chain) private readonly chain: Chain,
    @Inject(MobilesClient) private readonly mobiles: MobilesClient,
    @Inject(PurchasesClient) private readonly purchases: PurchasesClient,
    @Inject(ProblemAnswers) private readonly problems: ProblemAnswers,
  ) {}

  @Post()
  @Documented({
    summary: 'Post a purchase',
    description:
      'Safe to repeat: the same receipt and body answer the first answer. A body that differs is refused. 202 means kept: points follow by themselves.',
    answers: { 201: credited, 200: credited, 202: kept },
    problems: [
      'STORE_NOT_ALLOWED',
      'STORE_UNKNOWN',
      'TILL_UNKNOWN',
      'MEMBER_UNKNOWN',
      'RECEIPT_CONFLICT',
      'BUSINESS_DATE_IN_FUTURE',
      'BUSINESS_DATE_TOO_OLD',
      'NO_PROGRAMME',
      'CURRENCY_NOT_OF_PROGRAMME',
      'MEMBER_GONE',
      'IDEMPOTENCY_KEY_REUSED',
      'MEMBER_LOOKUP_UNAVAILABLE',
      'DEADLINE_PASSED',
    ],
  })
  post(
    @Body({ schema: purchaseBody }) body: PurchaseBody,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): void | Promise<void> {
    const { caller, idempotencyKey } = new Write(request, callerOf(request));
    const counter = this.counterOf(caller, body);
    if (!isCounter(counter)) return sendProblem(request, reply, counter);
    const forward = (by: By) => this.forward({ idempotencyKey, body, counter, by }, request, reply);
    const mobile = body.member?.mobile;
    if (mobile === undefined) return forward(memberBy(body.member));
    return this.mobiles.memberWith(mobile).then((memberId) => {
      if (memberId instanceof NotTaken) return sendProblem(request, reply, problem('MEMBER_LOOKUP_UNAVAILABLE'));
      if (memberId === '') return sendProblem(request, reply, nobodyHasIt);
      return forward({ $case: 'memberId', value: memberId });
    });
  }

  private counterOf({ principal, till }: Caller, body: PurchaseBody): Counter | Problem {
    return till ? counterOfTill(body, till) : counterOfPerson(body, principal.stores, this.chain);
  }

  private forward(
    { idempotencyKey, body, counter, by }: { idempotencyKey: string; body: PurchaseBody; counter: Counter; by: By },
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    this.purchases.post(
      { context: contextOf(request), idempotencyKey, purchase: purchaseOf(body, counter, by), urgency: Urgency.LIVE },
      (result) => this.answer(result, request, reply),
    );
  }

  private answer(result: PostPurchaseResult | NotTaken, request: FastifyRequest, reply: FastifyReply): void {
    if (result instanceof NotTaken) return this.problems.answer(result.why, request, reply);
    const answer = answerTo(result);
    if ('problem' in answer) return this.problems.tell(answer.problem, result, request, reply);
    if (answer.replayed) void reply.header('idempotency-replayed', 'true');
    void reply.code(answer.status).header('content-type', 'application/json; charset=utf-8');
    void reply.send(JSON.stringify(answer.body));
  }
}

const nobodyHasIt = problem('MEMBER_UNKNOWN', {
  errors: [{ pointer: '/member/mobile', message: 'No member has this mobile' }],
});

/** Loyalty never sees a code token, only its hash. */
function memberBy(reference: MemberReferenceBody | undefined): By {
  if (reference?.number !== undefined) return { $case: 'number', value: reference.number };
  if (reference?.memberId !== undefined) return { $case: 'memberId', value: reference.memberId };
  if (reference?.codeToken === undefined) return undefined;
  return { $case: 'codeTokenSha256', value: createHash('sha256').update(reference.codeToken).digest() };
}
