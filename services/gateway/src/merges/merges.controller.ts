import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import type { FastifyReply } from 'fastify';
import { Call, type Write, Writing } from '../access/call.guard.js';
import { id, pageRequest } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { Documented } from '../edge/reference.config.js';
import { tellReplay } from '../edge/replay.guard.js';
import { Owners } from '../owners.client.js';
import { emptyBody } from '../redemptions/redemption.js';
import { type MergeBody, type MergesQuery, merge, mergeAnswer, mergeBody, mergePage, mergesQuery } from './merge.js';

/** Members who are one person (requirement M5). */
@ApiTags('members')
@Controller('v1/merges')
export class MergesController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Post()
  @Documented({
    summary: 'Merge two members who are one person',
    description:
      'Points, tiers and coupons follow in a moment; the state tells. Old numbers, codes and mobiles are good at tills without a gap. It can be undone.',
    answers: { 201: merge, 200: merge },
    problems: [
      'MEMBER_UNKNOWN',
      'STORE_NOT_ALLOWED',
      'SAME_MEMBER',
      'MEMBER_GONE',
      'MERGE_CYCLE',
      'MEMBER_MERGED',
      'SURVIVOR_MERGED',
      'MERGE_UNDER_WAY',
      'ERASURE_UNDER_WAY',
      'MOBILES_DIFFER',
      'IDEMPOTENCY_KEY_REUSED',
    ],
  })
  async mergeMembers(
    @Body({ schema: mergeBody }) body: MergeBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = { idempotencyKey: write.idempotencyKey, ...body };
    const { merge, replayed } = await this.owners.merges.mergeMembers(request, write.call);
    tellReplay(reply, replayed);
    return mergeAnswer(present(merge));
  }

  @Get(':mergeId')
  @Documented({ summary: 'Read a merge', answers: { 200: merge }, problems: ['MERGE_UNKNOWN'] })
  async getMerge(@Param('mergeId', { schema: id }) mergeId: string, @Call() call: CallOptions) {
    const { merge } = await this.owners.merges.getMerge({ mergeId }, call);
    return mergeAnswer(present(merge));
  }

  @Post(':mergeId(^[\\w-]+)::undo')
  @Documented({
    summary: 'Undo a merge',
    description:
      'Exact while nothing was spent of what they had together: what was bought since goes to whose number, code or mobile was used. Otherwise the survivor makes good what was spent of the other; the answer says which.',
    answers: { 201: merge, 200: merge },
    problems: [
      'MERGE_UNKNOWN',
      'STORE_NOT_ALLOWED',
      'MERGE_UNDER_WAY',
      'ALREADY_UNDONE',
      'SURVIVOR_MERGED',
      'MEMBER_GONE',
      'ERASURE_UNDER_WAY',
      'IDEMPOTENCY_KEY_REUSED',
    ],
  })
  async undoMerge(
    @Param('mergeId', { schema: id }) mergeId: string,
    @Body({ schema: emptyBody }) _body: undefined | object,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = { idempotencyKey: write.idempotencyKey, mergeId };
    const { merge, replayed } = await this.owners.merges.undoMerge(request, write.call);
    tellReplay(reply, replayed);
    return mergeAnswer(present(merge));
  }
}

/** Merges as the record of a member tells them. */
@ApiTags('members')
@Controller('v1/members')
export class MergesOfMemberController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Get(':memberId/merges')
  @Documented({
    summary: 'List merges of a member, newest first',
    answers: { 200: mergePage },
    problems: ['MEMBER_UNKNOWN'],
  })
  async listMerges(
    @Param('memberId', { schema: id }) memberId: string,
    @Query({ schema: mergesQuery }) query: MergesQuery,
    @Call() call: CallOptions,
  ) {
    const request = { memberId, page: pageRequest(query) };
    const { merges, nextCursor } = await this.owners.merges.listMerges(request, call);
    return { merges: merges.map(mergeAnswer), nextCursor: nextCursor || undefined };
  }
}
