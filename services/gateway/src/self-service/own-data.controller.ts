import { Body, Controller, Get, Inject, Param, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import type { FastifyReply } from 'fastify';
import { Call, type Write, Writing } from '../access/call.guard.js';
import { id } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { Documented } from '../edge/reference.config.js';
import { tellReplay } from '../edge/replay.guard.js';
import { Owners } from '../owners.client.js';
import { MemberDataClient } from '../privacy/member-data.client.js';
import {
  memberData,
  type PrivacyRequestBody,
  privacyRequest,
  privacyRequestBody,
  readableData,
  requestAnswer,
  requestKinds,
} from '../privacy/privacy.js';

/** What a member does with her data (requirements M6, M12): reads all of it, asks for export or erasure. */
@ApiTags('self-service')
@Controller('v1/self-service/me')
export class OwnDataController {
  constructor(
    @Inject(Owners) private readonly owners: Owners,
    @Inject(MemberDataClient) private readonly data: MemberDataClient,
  ) {}

  @Get('data')
  @Documented({ summary: 'Read everything that is known of oneself', answers: { 200: memberData } })
  async readOwnData(@Call() call: CallOptions, @Writing() { caller }: Write) {
    return this.data.of(caller.principal.sub, call);
  }

  @Get('data/document')
  @Documented({ summary: 'Read the same as a page to print', description: 'HTML.', answers: { 200: undefined } })
  async readOwnDocument(
    @Call() call: CallOptions,
    @Writing() { caller }: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    void reply.type('text/html; charset=utf-8');
    return readableData(await this.data.of(caller.principal.sub, call));
  }

  @Post('privacy-requests')
  @Documented({
    summary: 'Ask for an export, an erasure, a restriction of processing or its lifting',
    description:
      'An erasure cannot be taken back. While restricted, purchases are credited and points can be spent; nobody advertises, asks or makes a profile.',
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
  async orderOwnPrivacyRequest(
    @Body({ schema: privacyRequestBody }) { kind }: PrivacyRequestBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { idempotencyKey, caller, call } = write;
    const ordered = { memberId: caller.principal.sub, kind: requestKinds.number(kind), idempotencyKey };
    const { request, replayed } = await this.owners.privacyRequests.orderRequest(ordered, call);
    tellReplay(reply, replayed);
    return requestAnswer(present(request));
  }

  @Get('privacy-requests/:requestId')
  @Documented({
    summary: 'Read how far one’s own request is',
    answers: { 200: privacyRequest },
    problems: ['REQUEST_UNKNOWN'],
  })
  async readOwnPrivacyRequest(@Param('requestId', { schema: id }) requestId: string, @Call() call: CallOptions) {
    const { request } = await this.owners.privacyRequests.getRequest({ requestId }, call);
    return requestAnswer(present(request));
  }
}
