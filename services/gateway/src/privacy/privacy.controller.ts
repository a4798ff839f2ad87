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
import { MemberDataClient } from './member-data.client.js';
import {
  memberData,
  type PrivacyQuery,
  type PrivacyRequestBody,
  privacyQuery,
  privacyRequest,
  privacyRequestBody,
  privacyRequestPage,
  readableData,
  requestAnswer,
  requestKinds,
} from './privacy.js';

/** What members ask for about their data, for whoever answers them (requirement M6). */
@ApiTags('privacy')
@Controller('v1')
export class PrivacyController {
  constructor(
    @Inject(Owners) private readonly owners: Owners,
    @Inject(MemberDataClient) private readonly data: MemberDataClient,
  ) {}

  @Post('members/:memberId/privacy-requests')
  @Documented({
    summary: 'Order an export, an erasure, a restriction of processing or its lifting',
    description: 'An erasure cannot be taken back. Every service answers; the request shows which have.',
    answers: { 201: privacyRequest, 200: privacyRequest },
    problems: [
      'MEMBER_UNKNOWN',
      'REQUEST_OPEN',
      'MERGE_UNDER_WAY',
      'ALREADY_RESTRICTED',
      'NOT_RESTRICTED',
      'IDEMPOTENCY_KEY_REUSED',
    ],
  })
  async orderPrivacyRequest(
    @Param('memberId', { schema: id }) memberId: string,
    @Body({ schema: privacyRequestBody }) { kind }: PrivacyRequestBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { idempotencyKey, call } = write;
    const ordered = { memberId, kind: requestKinds.number(kind), idempotencyKey };
    const { request, replayed } = await this.owners.privacyRequests.orderRequest(ordered, call);
    tellReplay(reply, replayed);
    return requestAnswer(present(request));
  }

  @Get('privacy-requests')
  @Documented({ summary: 'List requests, newest first', answers: { 200: privacyRequestPage } })
  async listPrivacyRequests(@Query({ schema: privacyQuery }) query: PrivacyQuery, @Call() call: CallOptions) {
    const asked = { overdue: query.overdue === 'true', page: pageRequest(query) };
    const { requests, nextCursor } = await this.owners.privacyRequests.listRequests(asked, call);
    return { requests: requests.map(requestAnswer), nextCursor: nextCursor || undefined };
  }

  @Get('privacy-requests/:requestId')
  @Documented({
    summary: 'Read how far a request is',
    answers: { 200: privacyRequest },
    problems: ['REQUEST_UNKNOWN'],
  })
  async readPrivacyRequest(@Param('requestId', { schema: id }) requestId: string, @Call() call: CallOptions) {
    const { request } = await this.owners.privacyRequests.getRequest({ requestId }, call);
    return requestAnswer(present(request));
  }

  @Get('members/:memberId/data')
  @Documented({
    summary: 'Read everything that is known of a member',
    description: 'From every service, in clear; one that cannot be asked is marked missing. The read is logged.',
    answers: { 200: memberData },
  })
  async readMemberData(@Param('memberId', { schema: id }) memberId: string, @Call() call: CallOptions) {
    return this.data.of(memberId, call);
  }

  @Get('members/:memberId/data/document')
  @Documented({
    summary: 'Read everything that is known of a member as a page to print',
    description: 'HTML, in Chinese and English.',
    answers: { 200: undefined },
  })
  async readMemberDocument(
    @Param('memberId', { schema: id }) memberId: string,
    @Call() call: CallOptions,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    void reply.type('text/html; charset=utf-8');
    return readableData(await this.data.of(memberId, call));
  }
}
