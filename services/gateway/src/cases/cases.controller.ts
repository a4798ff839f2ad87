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
import {
  byOf,
  type CaseBody,
  type CasesQuery,
  caseAnswer,
  caseBody,
  casePage,
  caseReference,
  casesQuery,
  feedbackCase,
  openingOf,
} from './case.js';

/** Feedback of guests (requirements C1 to C4). */
@ApiTags('cases')
@Controller('v1/cases')
export class CasesController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Post()
  @Documented({
    summary: 'Take feedback in',
    answers: { 201: feedbackCase, 200: feedbackCase },
    problems: ['STORE_UNKNOWN', 'STORE_NOT_ALLOWED', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async openCase(
    @Body({ schema: caseBody }) body: CaseBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const opened = await this.owners.cases.openCase(openingOf(body, write.idempotencyKey), write.call);
    tellReplay(reply, opened.replayed);
    return caseAnswer(present(opened.case));
  }

  @Get()
  @Documented({ summary: 'List cases, newest first', answers: { 200: casePage } })
  async listCases(@Query({ schema: casesQuery }) query: CasesQuery, @Call() call: CallOptions) {
    const request = { storeId: query.storeId ?? '', memberId: query.memberId ?? '', page: pageRequest(query) };
    const { cases, nextCursor } = await this.owners.cases.listCases(request, call);
    return { cases: cases.map(caseAnswer), nextCursor: nextCursor || undefined };
  }

  @Get(':caseId')
  @Documented({ summary: 'Read a case by id or number', answers: { 200: feedbackCase }, problems: ['CASE_UNKNOWN'] })
  async readCase(@Param('caseId', { schema: caseReference }) reference: string, @Call() call: CallOptions) {
    const found = await this.owners.cases.getCase({ by: byOf(reference) }, call);
    return caseAnswer(present(found.case));
  }
}
