import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Redemption } from '@regulars/contracts/loyalty/v1/redemptions';
import type { CallOptions } from '@regulars/service';
import type { FastifyReply } from 'fastify';
import { Call, Write, Writing } from '../access/call.guard.js';
import { DryRunQuery } from '../edge/dry-run.guard.js';
import { id, pageRequest } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { Documented } from '../edge/reference.config.js';
import { tellReplay } from '../edge/replay.guard.js';
import { Owners } from '../owners.client.js';
import { receiptOf } from '../purchases/purchase.js';
import { Counters } from './counters.service.js';
import {
  type ConfirmBody,
  confirmBody,
  emptyBody,
  type RedemptionBody,
  type RedemptionsQuery,
  redemption,
  redemptionAnswer,
  redemptionBody,
  redemptionPage,
  redemptionsQuery,
  reservedRedemption,
} from './redemption.js';

/** Points spent at a till, in two phases (requirement L8). */
@ApiTags('redemptions')
@Controller('v1')
export class RedemptionsController {
  constructor(
    @Inject(Owners) private readonly owners: Owners,
    @Inject(Counters) private readonly counters: Counters,
  ) {}

  @Post('redemptions')
  @DryRunQuery()
  @Documented({
    summary: 'Reserve a reward for a member’s points',
    description:
      'Takes points and stock until it is confirmed or cancelled; when neither comes in time, both come back by themselves. Safe to repeat with its key.',
    answers: { 201: reservedRedemption, 200: reservedRedemption },
    problems: [
      'STORE_NOT_ALLOWED',
      'STORE_UNKNOWN',
      'TILL_UNKNOWN',
      'TILL_NOT_READY',
      'MEMBER_UNKNOWN',
      'MEMBER_GONE',
      'MEMBER_LOOKUP_UNAVAILABLE',
      'REWARD_UNKNOWN',
      'REWARD_NOT_OF_PROGRAMME',
      'REWARD_NOT_AT_STORE',
      'REWARD_NOT_YET_VALID',
      'REWARD_ENDED',
      'TIER_NOT_ELIGIBLE',
      'LIMIT_REACHED',
      'NOT_ENOUGH_POINTS',
      'OUT_OF_STOCK',
      'IDEMPOTENCY_KEY_REUSED',
    ],
  })
  async reserveRedemption(
    @Body({ schema: redemptionBody }) body: RedemptionBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { idempotencyKey } = write;
    const { rewardId, quantity, holdSeconds } = body;
    const counter = this.counters.of(body, write.caller);
    const member = await this.counters.member(body.member);
    const request = { idempotencyKey, member, ...counter, rewardId, quantity, holdSeconds };
    const reserved = await this.owners.redemptions.reserveRedemption(request, write.call);
    tellReplay(reply, reserved.replayed);
    return { ...redemptionAnswer(present(reserved.redemption)), balance: reserved.balance };
  }

  @Post('redemptions/:redemptionId(^[\\w-]+)::confirm')
  @DryRunQuery()
  @Documented({
    summary: 'Confirm a redemption',
    answers: { 201: redemption, 200: redemption },
    problems: ['REDEMPTION_UNKNOWN', 'STORE_NOT_ALLOWED', 'NOT_RESERVED', 'RECEIPT_REFUNDED', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async confirmRedemption(
    @Param('redemptionId', { schema: id }) redemptionId: string,
    @Body({ schema: confirmBody }) { receipt }: ConfirmBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = {
      idempotencyKey: write.idempotencyKey,
      redemptionId,
      receipt: receipt && receiptOf(receipt, this.counters.of(receipt, write.caller)),
    };
    return answer(await this.owners.redemptions.confirmRedemption(request, write.call), reply);
  }

  @Post('redemptions/:redemptionId(^[\\w-]+)::cancel')
  @DryRunQuery()
  @Documented({
    summary: 'Cancel a redemption: what was reserved comes back',
    answers: { 201: redemption, 200: redemption },
    problems: ['REDEMPTION_UNKNOWN', 'STORE_NOT_ALLOWED', 'NOT_RESERVED', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async cancelRedemption(
    @Param('redemptionId', { schema: id }) redemptionId: string,
    @Body({ schema: emptyBody }) _body: undefined | object,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = { idempotencyKey: write.idempotencyKey, redemptionId };
    return answer(await this.owners.redemptions.cancelRedemption(request, write.call), reply);
  }

  @Post('redemptions/:redemptionId(^[\\w-]+)::fulfil')
  @DryRunQuery()
  @Documented({
    summary: 'Tell that what was redeemed was handed over',
    answers: { 201: redemption, 200: redemption },
    problems: ['REDEMPTION_UNKNOWN', 'STORE_NOT_ALLOWED', 'NOT_CONFIRMED', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async fulfilRedemption(
    @Param('redemptionId', { schema: id }) redemptionId: string,
    @Body({ schema: emptyBody }) _body: undefined | object,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = { idempotencyKey: write.idempotencyKey, redemptionId };
    return answer(await this.owners.redemptions.fulfilRedemption(request, write.call), reply);
  }

  @Get('redemptions/:redemptionId')
  @Documented({ summary: 'Read a redemption', answers: { 200: redemption }, problems: ['REDEMPTION_UNKNOWN'] })
  async readRedemption(@Param('redemptionId', { schema: id }) redemptionId: string, @Call() call: CallOptions) {
    const found = await this.owners.redemptions.getRedemption({ redemptionId }, call);
    return redemptionAnswer(present(found.redemption));
  }

  @Get('members/:memberId/redemptions')
  @Documented({ summary: 'List a member’s redemptions, newest first', answers: { 200: redemptionPage } })
  async listRedemptions(
    @Param('memberId', { schema: id }) memberId: string,
    @Query({ schema: redemptionsQuery }) query: RedemptionsQuery,
    @Call() call: CallOptions,
  ) {
    const request = { memberId, page: pageRequest(query) };
    const { redemptions, nextCursor } = await this.owners.redemptions.listRedemptions(request, call);
    return { redemptions: redemptions.map(redemptionAnswer), nextCursor: nextCursor || undefined };
  }
}

function answer(changed: { redemption: Redemption | undefined; replayed: boolean }, reply: FastifyReply) {
  tellReplay(reply, changed.replayed);
  return redemptionAnswer(present(changed.redemption));
}
