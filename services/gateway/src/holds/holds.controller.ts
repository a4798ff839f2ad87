import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HoldState } from '@regulars/contracts/loyalty/v1/holds';
import type { CallOptions } from '@regulars/service';
import type { FastifyReply } from 'fastify';
import { Call, Write, Writing } from '../access/call.guard.js';
import { id, pageRequest } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { Documented } from '../edge/reference.config.js';
import { tellReplay } from '../edge/replay.guard.js';
import { Owners } from '../owners.client.js';
import {
  type DecisionBody,
  decisionBody,
  type HoldsQuery,
  hold,
  holdAnswer,
  holdPage,
  holdsQuery,
  stateNumber,
} from './hold.js';

/** Suspicious purchases, released or reversed by a supervisor (requirement L15). */
@ApiTags('holds')
@Controller('v1/holds')
export class HoldsController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Get()
  @Documented({
    summary: 'List purchases that are held, oldest first',
    description: 'Of the stores that the caller may act for, each with everything that made it suspicious.',
    answers: { 200: holdPage },
    problems: ['STORE_NOT_ALLOWED'],
  })
  async listHolds(@Query({ schema: holdsQuery }) query: HoldsQuery, @Call() call: CallOptions) {
    const request = { state: stateNumber(query.state), storeId: query.storeId ?? '', page: pageRequest(query) };
    const { holds, nextCursor } = await this.owners.holds.listHolds(request, call);
    return { holds: holds.map(holdAnswer), nextCursor: nextCursor || undefined };
  }

  @Post(':purchaseId(^[\\w-]+)::release')
  @Documented({
    summary: 'Release a purchase that is held',
    description: 'Its points are credited within seconds, by the policy of its business date.',
    answers: { 201: hold, 200: hold },
    problems: ['HOLD_UNKNOWN', 'HOLD_DECIDED', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async releaseHold(
    @Param('purchaseId', { schema: id }) purchaseId: string,
    @Body({ schema: decisionBody }) body: DecisionBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.decide(purchaseId, HoldState.RELEASED, body, write, reply);
  }

  @Post(':purchaseId(^[\\w-]+)::reverse')
  @Documented({
    summary: 'Reverse a purchase that is held',
    description: 'It is never credited.',
    answers: { 201: hold, 200: hold },
    problems: ['HOLD_UNKNOWN', 'HOLD_DECIDED', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async reverseHold(
    @Param('purchaseId', { schema: id }) purchaseId: string,
    @Body({ schema: decisionBody }) body: DecisionBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.decide(purchaseId, HoldState.REVERSED, body, write, reply);
  }

  private async decide(
    purchaseId: string,
    decision: HoldState,
    { reason }: DecisionBody,
    { idempotencyKey, call }: Write,
    reply: FastifyReply,
  ) {
    const decided = await this.owners.holds.decideHold({ idempotencyKey, purchaseId, decision, reason }, call);
    tellReplay(reply, decided.replayed);
    return holdAnswer(present(decided.hold));
  }
}
