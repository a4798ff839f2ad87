import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Adjustment, AdjustmentState } from '@regulars/contracts/loyalty/v1/adjustments';
import type { CallOptions } from '@regulars/service';
import type { FastifyReply } from 'fastify';
import { Call, Write, Writing } from '../access/call.guard.js';
import { DryRunQuery } from '../edge/dry-run.guard.js';
import { id, pageRequest } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { Documented } from '../edge/reference.config.js';
import { tellReplay } from '../edge/replay.guard.js';
import { Owners } from '../owners.client.js';
import { emptyBody } from '../redemptions/redemption.js';
import {
  type AdjustmentBody,
  type AdjustmentsQuery,
  adjustment,
  adjustmentAnswer,
  adjustmentBody,
  adjustmentPage,
  adjustmentsQuery,
  kindNumber,
  stateNumber,
} from './adjustment.js';

/** Points given and taken by hand, with four eyes (requirement L14). */
@ApiTags('adjustments')
@Controller('v1/adjustments')
export class AdjustmentsController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Post()
  @DryRunQuery()
  @Documented({
    summary: 'Give a member points, or take some, with a reason',
    description: '201: booked. 202: above the limit of one person in a day; it waits for a second person.',
    answers: { 201: adjustment, 200: adjustment, 202: adjustment },
    problems: ['MEMBER_UNKNOWN', 'PROGRAMME_UNKNOWN', 'MEMBER_GONE', 'NOT_ENOUGH_POINTS', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async requestAdjustment(
    @Body({ schema: adjustmentBody }) body: AdjustmentBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = { idempotencyKey: write.idempotencyKey, ...body, kind: kindNumber(body.kind) };
    const asked = await this.owners.adjustments.requestAdjustment(request, write.call);
    if (asked.adjustment?.state === AdjustmentState.PROPOSED) void reply.code(202);
    return answer(asked, reply);
  }

  @Post(':adjustmentId(^[\\w-]+)::approve')
  @DryRunQuery()
  @Documented({
    summary: 'Agree to an adjustment that somebody else proposed',
    answers: { 201: adjustment, 200: adjustment },
    problems: ['ADJUSTMENT_UNKNOWN', 'NOT_PROPOSED', 'OWN_PROPOSAL', 'NOT_ENOUGH_POINTS', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async approveAdjustment(
    @Param('adjustmentId', { schema: id }) adjustmentId: string,
    @Body({ schema: emptyBody }) _body: undefined | object,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.decide(adjustmentId, true, write, reply);
  }

  @Post(':adjustmentId(^[\\w-]+)::reject')
  @DryRunQuery()
  @Documented({
    summary: 'Reject an adjustment that somebody else proposed',
    answers: { 201: adjustment, 200: adjustment },
    problems: ['ADJUSTMENT_UNKNOWN', 'NOT_PROPOSED', 'OWN_PROPOSAL', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async rejectAdjustment(
    @Param('adjustmentId', { schema: id }) adjustmentId: string,
    @Body({ schema: emptyBody }) _body: undefined | object,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.decide(adjustmentId, false, write, reply);
  }

  @Get()
  @Documented({ summary: 'List adjustments, newest first', answers: { 200: adjustmentPage } })
  async listAdjustments(@Query({ schema: adjustmentsQuery }) query: AdjustmentsQuery, @Call() call: CallOptions) {
    const request = { state: stateNumber(query.state), page: pageRequest(query) };
    const { adjustments, nextCursor } = await this.owners.adjustments.listAdjustments(request, call);
    return { adjustments: adjustments.map(adjustmentAnswer), nextCursor: nextCursor || undefined };
  }

  private async decide(adjustmentId: string, approve: boolean, write: Write, reply: FastifyReply) {
    const request = { idempotencyKey: write.idempotencyKey, adjustmentId, approve };
    return answer(await this.owners.adjustments.decideAdjustment(request, write.call), reply);
  }
}

function answer(changed: { adjustment: Adjustment | undefined; replayed: boolean }, reply: FastifyReply) {
  tellReplay(reply, changed.replayed);
  return adjustmentAnswer(present(changed.adjustment));
}
