import { Body, Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Urgency } from '@regulars/contracts/loyalty/v1/purchases';
import { mayActFor } from '@regulars/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerOf, contextOf, Write, Writing } from '../access/call.guard.js';
import { present } from '../edge/present.js';
import { ProblemAnswers } from '../edge/problems.guard.js';
import { problem, Refused } from '../edge/problems.js';
import { Documented } from '../edge/reference.config.js';
import { Owners } from '../owners.client.js';
import { type ClaimBody, claimBody, claimOf } from './claim.js';
import { type Answer, answerTo, credited, kept } from './outcomes.js';
import { type PurchaseBody, purchaseBody } from './purchase.js';
import { type Posting, PurchasesService } from './purchases.service.js';
import { type RefundBody, refundBody, takenBack, waitingRefund } from './refund.js';

/** Purchases, refunds and claims of tills (requirements L1, L2, L6). */
@ApiTags('purchases')
@Controller('v1')
export class PurchasesController {
  constructor(
    @Inject(PurchasesService) private readonly purchases: PurchasesService,
    @Inject(Owners) private readonly owners: Owners,
    @Inject(ProblemAnswers) private readonly problems: ProblemAnswers,
  ) {}

  @Post('purchases')
  @Documented({
    summary: 'Post a purchase',
    description:
      'Safe to repeat: the same receipt and body answer the first answer; a body that differs is refused. 202 means that it is kept and points follow by themselves.',
    answers: { 201: credited, 200: credited, 202: kept },
    problems: [
      'STORE_NOT_ALLOWED',
      'STORE_UNKNOWN',
      'TILL_UNKNOWN',
      'TILL_NOT_READY',
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
  postPurchase(
    @Body({ schema: purchaseBody }) body: PurchaseBody,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): void {
    this.purchases.post(body, livePosting(request), (answer) => this.answer(answer, request, reply));
  }

  @Post('refunds')
  @Documented({
    summary: 'Refund a purchase in full or by line',
    description: 'Safe to repeat. 202 means that its purchase has not arrived yet: it is applied when that comes.',
    answers: { 201: takenBack, 200: takenBack, 202: waitingRefund },
    problems: [
      'STORE_NOT_ALLOWED',
      'STORE_UNKNOWN',
      'TILL_UNKNOWN',
      'TILL_NOT_READY',
      'RECEIPT_CONFLICT',
      'MORE_THAN_BOUGHT',
      'ALREADY_REFUNDED',
      'LINE_UNKNOWN',
      'BUSINESS_DATE_IN_FUTURE',
      'BUSINESS_DATE_TOO_OLD',
      'POINTS_ALREADY_SPENT',
      'IDEMPOTENCY_KEY_REUSED',
      'DEADLINE_PASSED',
    ],
  })
  postRefund(
    @Body({ schema: refundBody }) body: RefundBody,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): void {
    this.purchases.refund(body, livePosting(request), (answer) => this.answer(answer, request, reply));
  }

  @Post('purchases/claims')
  @Documented({
    summary: 'Credit an anonymous purchase to a member afterwards',
    answers: { 201: credited, 200: credited, 202: kept },
    problems: ['STORE_NOT_ALLOWED', 'NOT_FOUND', 'ALREADY_CREDITED', 'MEMBER_GONE', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async claimPurchase(
    @Body({ schema: claimBody }) body: ClaimBody,
    @Writing() write: Write,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { principal, till } = write.caller;
    const storeId = body.storeId ?? till?.storeId;
    if (storeId === undefined || !mayActFor(principal, storeId)) {
      const message = 'The caller may not act for it';
      throw new Refused(problem('STORE_NOT_ALLOWED', { errors: [{ pointer: '/storeId', message }] }));
    }
    const claim = claimOf(body, storeId, write.idempotencyKey);
    const { result } = await this.owners.purchases.claimPurchase(claim, write.call);
    this.answer(answerTo(present(result)), request, reply);
  }

  private answer(answer: Answer, request: FastifyRequest, reply: FastifyReply): void {
    if ('problem' in answer) {
      this.problems.tell(answer.problem, answer.cause, request, reply);
      return;
    }
    if (answer.replayed) void reply.header('idempotency-replayed', 'true');
    void reply.code(answer.status).header('content-type', 'application/json; charset=utf-8');
    void reply.send(JSON.stringify(answer.body));
  }
}

function livePosting(request: FastifyRequest): Posting {
  const { caller, idempotencyKey } = new Write(request, callerOf(request));
  return { caller, context: contextOf(request), idempotencyKey, urgency: Urgency.LIVE };
}
