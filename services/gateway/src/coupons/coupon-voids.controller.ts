import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import type { FastifyReply } from 'fastify';
import { Call, Write, Writing } from '../access/call.guard.js';
import { pageRequest } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { Documented } from '../edge/reference.config.js';
import { tellReplay } from '../edge/replay.guard.js';
import { Owners } from '../owners.client.js';
import { coupon, couponAnswer, couponCode } from './coupon.js';
import { type UsageQuery, usagePage, usageQuery, type VoidBody, voidBody } from './coupon-void.js';

/** Coupons made void, and how the others were used (requirement L9). */
@ApiTags('coupons')
@Controller('v1')
export class CouponVoidsController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Post('coupons/:code(^[\\w-]+)::void')
  @Documented({
    summary: 'Make a coupon void',
    description: 'For good. One that a till holds or that was used stays what it is.',
    answers: { 201: coupon, 200: coupon },
    problems: ['COUPON_UNKNOWN', 'NOT_VOIDABLE', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async voidCoupon(
    @Param('code', { schema: couponCode }) code: string,
    @Body({ schema: voidBody }) { reason }: VoidBody,
    @Writing() { idempotencyKey, call }: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const voided = await this.owners.coupons.voidCoupon({ idempotencyKey, code, reason }, call);
    tellReplay(reply, voided.replayed);
    return couponAnswer(present(voided.coupon));
  }

  @Get('coupon-usage')
  @Documented({
    summary: 'Report how coupons were used',
    description: 'By store and kind over business dates, in your stores.',
    answers: { 200: usagePage },
    problems: ['PROGRAMME_UNKNOWN'],
  })
  async reportUsage(@Query({ schema: usageQuery }) query: UsageQuery, @Call() call: CallOptions) {
    const { programmeId, fromDate, untilDate } = query;
    const request = { programmeId, fromDate, untilDate, page: pageRequest(query) };
    const { usage, nextCursor } = await this.owners.coupons.getCouponUsage(request, call);
    return { usage, nextCursor: nextCursor || undefined };
  }
}
