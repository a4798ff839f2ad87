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
import { CodesClient } from './codes.client.js';
import {
  type BatchBody,
  batch,
  batchBody,
  type CodesQuery,
  type CouponsQuery,
  codesQuery,
  couponAnswer,
  couponPage,
  couponsQuery,
  type DefinitionBody,
  type DefinitionsQuery,
  definition,
  definitionAnswer,
  definitionBody,
  definitionPage,
  definitionsQuery,
  type IssueBody,
  issueBody,
  issuedCoupons,
  type TierIssueBody,
  termsOf,
  tierIssue,
  tierIssueBody,
} from './coupon.js';

/** Kinds of coupons, and how they are issued (requirement L9). */
@ApiTags('coupons')
@Controller('v1')
export class CouponsController {
  constructor(
    @Inject(Owners) private readonly owners: Owners,
    @Inject(CodesClient) private readonly codes: CodesClient,
  ) {}

  @Post('coupon-definitions')
  @DryRunQuery()
  @Documented({
    summary: 'Define a kind of coupon',
    answers: { 201: definition, 200: definition },
    problems: ['PROGRAMME_UNKNOWN', 'COUPON_CODE_TAKEN', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async defineCoupon(
    @Body({ schema: definitionBody }) body: DefinitionBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { idempotencyKey } = write;
    const made = await this.owners.coupons.defineCoupon({ idempotencyKey, terms: termsOf(body) }, write.call);
    tellReplay(reply, made.replayed);
    return definitionAnswer(present(made.definition));
  }

  @Get('coupon-definitions')
  @Documented({
    summary: 'List kinds of coupons by code',
    answers: { 200: definitionPage },
    problems: ['PROGRAMME_UNKNOWN'],
  })
  async listDefinitions(@Query({ schema: definitionsQuery }) query: DefinitionsQuery, @Call() call: CallOptions) {
    const request = { programmeId: query.programmeId, page: pageRequest(query) };
    const { definitions, nextCursor } = await this.owners.coupons.listDefinitions(request, call);
    return { definitions: definitions.map(definitionAnswer), nextCursor: nextCursor || undefined };
  }

  @Post('coupons')
  @DryRunQuery()
  @Documented({
    summary: 'Issue coupons to a member',
    answers: { 201: issuedCoupons, 200: issuedCoupons },
    problems: ['COUPON_KIND_UNKNOWN', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async issueCoupons(
    @Body({ schema: issueBody }) body: IssueBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { idempotencyKey } = write;
    const issued = await this.owners.coupons.issueCoupons({ idempotencyKey, ...body }, write.call);
    tellReplay(reply, issued.replayed);
    return { coupons: issued.coupons.map(couponAnswer) };
  }

  @Get('members/:memberId/coupons')
  @Documented({ summary: 'List a member’s coupons, newest first', answers: { 200: couponPage } })
  async listCoupons(
    @Param('memberId', { schema: id }) memberId: string,
    @Query({ schema: couponsQuery }) query: CouponsQuery,
    @Call() call: CallOptions,
  ) {
    const request = { memberId, page: pageRequest(query) };
    const { coupons, nextCursor } = await this.owners.coupons.listCoupons(request, call);
    return { coupons: coupons.map(couponAnswer), nextCursor: nextCursor || undefined };
  }

  @Post('coupon-issues')
  @DryRunQuery()
  @Documented({
    summary: 'Issue a coupon to everybody on a tier',
    description: 'It is done by itself, each member once; reading it tells how far it is.',
    answers: { 201: tierIssue, 200: tierIssue },
    problems: ['COUPON_KIND_UNKNOWN', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async issueToTier(
    @Body({ schema: tierIssueBody }) body: TierIssueBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { idempotencyKey } = write;
    const begun = await this.owners.coupons.issueToTier({ idempotencyKey, ...body }, write.call);
    tellReplay(reply, begun.replayed);
    return present(begun.issue);
  }

  @Get('coupon-issues/:issueId')
  @Documented({
    summary: 'Read how far an issue to a tier is',
    answers: { 200: tierIssue },
    problems: ['ISSUE_UNKNOWN'],
  })
  async readIssue(@Param('issueId', { schema: id }) issueId: string, @Call() call: CallOptions) {
    return present((await this.owners.coupons.getIssue({ issueId }, call)).issue);
  }

  @Post('coupon-batches')
  @DryRunQuery()
  @Documented({
    summary: 'Begin a batch of codes that belong to nobody',
    answers: { 201: batch, 200: batch },
    problems: ['COUPON_KIND_UNKNOWN', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async createBatch(
    @Body({ schema: batchBody }) body: BatchBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { idempotencyKey } = write;
    const made = await this.owners.coupons.createBatch({ idempotencyKey, ...body }, write.call);
    tellReplay(reply, made.replayed);
    return present(made.batch);
  }

  @Get('coupon-batches/:batchId/codes')
  @Documented({
    summary: 'Stream the codes of a batch, one a line',
    description:
      'Codes are made when they are read first and are the same ever after; a stream that broke off is continued with `after`.',
    answers: { 200: undefined },
    problems: ['BATCH_UNKNOWN'],
  })
  async streamCodes(
    @Param('batchId', { schema: id }) batchId: string,
    @Query({ schema: codesQuery }) { after = 0 }: CodesQuery,
    @Call() call: CallOptions,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const stream = await this.codes.of(batchId, after, call);
    void reply.header('content-type', 'text/plain; charset=utf-8').send(stream);
  }
}
