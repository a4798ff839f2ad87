import { Body, Controller, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CouponUse } from '@regulars/contracts/loyalty/v1/coupons';
import type { FastifyReply } from 'fastify';
import { Write, Writing } from '../access/call.guard.js';
import { id } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { problem, Refused } from '../edge/problems.js';
import { Documented } from '../edge/reference.config.js';
import { tellReplay } from '../edge/replay.guard.js';
import { Owners } from '../owners.client.js';
import { receiptOf } from '../purchases/purchase.js';
import { Counters } from '../redemptions/counters.service.js';
import { type ConfirmBody, confirmBody, emptyBody } from '../redemptions/redemption.js';
import {
  basketOf,
  type EvaluationBody,
  evaluation,
  evaluationBody,
  refusedAnswer,
  type UseBody,
  use,
  useAnswer,
  useBody,
} from './coupon.js';

/** Coupons at a till, in two phases (requirement L9). */
@ApiTags('coupons')
@Controller('v1')
export class CouponUsesController {
  constructor(
    @Inject(Owners) private readonly owners: Owners,
    @Inject(Counters) private readonly counters: Counters,
  ) {}

  @Post('coupons/evaluations')
  @HttpCode(200)
  @Documented({
    summary: 'Find the coupons that are best for the guest',
    description: 'Looks at the codes told and at the member’s own. Changes nothing.',
    answers: { 200: evaluation },
    problems: ['STORE_NOT_ALLOWED', 'STORE_UNKNOWN', 'TILL_UNKNOWN', 'TILL_NOT_READY', 'MEMBER_UNKNOWN', 'MEMBER_GONE'],
    needsKey: true,
  })
  async evaluateCoupons(@Body({ schema: evaluationBody }) body: EvaluationBody, @Writing() write: Write) {
    const request = { basket: await this.basketOf(body, write), codes: body.codes };
    const { applied, refused, discountMinor } = await this.owners.coupons.evaluateCoupons(request, write.call);
    return { applied, refused: refused.map(refusedAnswer), discountMinor };
  }

  @Post('coupon-uses')
  @Documented({
    summary: 'Hold coupons for a bill, all or none',
    description:
      'They can be used again when the use is cancelled or its time limit passes. A coupon that is held or was used elsewhere is told with where and when.',
    answers: { 201: use, 200: use },
    problems: [
      'STORE_NOT_ALLOWED',
      'STORE_UNKNOWN',
      'TILL_UNKNOWN',
      'TILL_NOT_READY',
      'MEMBER_UNKNOWN',
      'MEMBER_GONE',
      'MEMBER_LOOKUP_UNAVAILABLE',
      'COUPONS_REFUSED',
      'IDEMPOTENCY_KEY_REUSED',
    ],
  })
  async reserveCoupons(
    @Body({ schema: useBody }) body: UseBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { idempotencyKey } = write;
    const { codes, holdSeconds } = body;
    const request = { idempotencyKey, basket: await this.basketOf(body, write), codes, holdSeconds };
    const reserved = await this.owners.coupons.reserveCoupons(request, write.call);
    if (!reserved.use) throw new Refused(problem('COUPONS_REFUSED', { coupons: reserved.refused.map(refusedAnswer) }));
    return answer(reserved, reply);
  }

  @Post('coupon-uses/:useId(^[\\w-]+)::confirm')
  @Documented({
    summary: 'Confirm that held coupons are used',
    answers: { 201: use, 200: use },
    problems: ['USE_UNKNOWN', 'STORE_NOT_ALLOWED', 'NOT_RESERVED', 'RECEIPT_REFUNDED', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async confirmCoupons(
    @Param('useId', { schema: id }) useId: string,
    @Body({ schema: confirmBody }) { receipt }: ConfirmBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = {
      idempotencyKey: write.idempotencyKey,
      useId,
      receipt: receipt && receiptOf(receipt, this.counters.of(receipt, write.caller)),
    };
    return answer(await this.owners.coupons.confirmCoupons(request, write.call), reply);
  }

  @Post('coupon-uses/:useId(^[\\w-]+)::cancel')
  @Documented({
    summary: 'Cancel a use: the coupons can be used again',
    answers: { 201: use, 200: use },
    problems: ['USE_UNKNOWN', 'STORE_NOT_ALLOWED', 'NOT_RESERVED', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async cancelCoupons(
    @Param('useId', { schema: id }) useId: string,
    @Body({ schema: emptyBody }) _body: undefined | object,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = { idempotencyKey: write.idempotencyKey, useId };
    return answer(await this.owners.coupons.cancelCoupons(request, write.call), reply);
  }

  private async basketOf(body: EvaluationBody | UseBody, write: Write) {
    const counter = this.counters.of(body, write.caller);
    return basketOf(body, counter, body.member && (await this.counters.member(body.member)));
  }
}

function answer(changed: { use: CouponUse | undefined; replayed: boolean }, reply: FastifyReply) {
  tellReplay(reply, changed.replayed);
  return useAnswer(present(changed.use));
}
