import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import type { FastifyReply } from 'fastify';
import { Call, Write, Writing } from '../access/call.guard.js';
import { DryRunQuery } from '../edge/dry-run.guard.js';
import { id, pageRequest } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { Documented } from '../edge/reference.config.js';
import { tellReplay } from '../edge/replay.guard.js';
import { Owners } from '../owners.client.js';
import {
  type ChangesQuery,
  changeAnswer,
  changeExplained,
  changePage,
  changesQuery,
  explainedAnswer,
  type GrantBody,
  grantBody,
  memberTier,
  type TierQuery,
  tierAnswer,
  tierQuery,
} from './tier.js';

/** Tiers of members, how they came to be, and grants by hand (requirement L7). */
@ApiTags('tiers')
@Controller('v1/members/:memberId')
export class TiersController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Get('tier')
  @Documented({
    summary: 'Read the tier of a member',
    description: 'Its benefits, the way to the next, and until when it is kept whatever is spent.',
    answers: { 200: memberTier },
    problems: ['ACCOUNT_UNKNOWN'],
  })
  async readTier(
    @Param('memberId', { schema: id }) memberId: string,
    @Query({ schema: tierQuery }) { programmeId = '' }: TierQuery,
    @Call() call: CallOptions,
  ) {
    return tierAnswer(present((await this.owners.tiers.getTier({ memberId, programmeId }, call)).tier));
  }

  @Get('tier/changes')
  @Documented({
    summary: 'List what happened to the tier, newest first',
    description: 'Promotions, notices, reviews, downgrades and grants.',
    answers: { 200: changePage },
    problems: ['ACCOUNT_UNKNOWN'],
  })
  async listTierChanges(
    @Param('memberId', { schema: id }) memberId: string,
    @Query({ schema: changesQuery }) query: ChangesQuery,
    @Call() call: CallOptions,
  ) {
    const request = { memberId, page: pageRequest(query) };
    const { changes, nextCursor } = await this.owners.tiers.listTierChanges(request, call);
    return { changes: changes.map(changeAnswer), nextCursor: nextCursor || undefined };
  }

  @Get('tier/changes/:changeId/explain')
  @Documented({
    summary: 'Explain a change of the tier',
    description: 'The purchases and refunds that counted for it, as they stand now.',
    answers: { 200: changeExplained },
    problems: ['ACCOUNT_UNKNOWN', 'TIER_CHANGE_UNKNOWN'],
  })
  async explainTierChange(
    @Param('memberId', { schema: id }) memberId: string,
    @Param('changeId', { schema: id }) changeId: string,
    @Query({ schema: changesQuery }) query: ChangesQuery,
    @Call() call: CallOptions,
  ) {
    const request = { memberId, changeId, page: pageRequest(query) };
    const explained = await this.owners.tiers.explainTierChange(request, call);
    return explainedAnswer(present(explained.change), explained);
  }

  @Post('tier::grant')
  @DryRunQuery()
  @Documented({
    summary: 'Grant a tier by hand',
    description: 'Until a date, on which it is reviewed like any other. Safe to repeat.',
    answers: { 201: memberTier, 200: memberTier },
    problems: ['ACCOUNT_UNKNOWN', 'NO_TIER_REVIEWS', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async grantTier(
    @Param('memberId', { schema: id }) memberId: string,
    @Body({ schema: grantBody }) { programmeId = '', ...body }: GrantBody,
    @Writing() { idempotencyKey, call }: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = { memberId, programmeId, ...body, idempotencyKey };
    const { tier, replayed } = await this.owners.tiers.grantTier(request, call);
    tellReplay(reply, replayed);
    return tierAnswer(present(tier));
  }
}
