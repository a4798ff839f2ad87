import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import { Call, type Caller, SignedIn } from '../access/call.guard.js';
import { byOf, caseAnswer, casePage, caseReference, feedbackCase } from '../cases/case.js';
import { pageRequest } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { Documented } from '../edge/reference.config.js';
import { Owners } from '../owners.client.js';
import { type OwnPageQuery, ownPageQuery } from './own-page.js';

/** What a member told the house, and what became of it (requirement M12). */
@ApiTags('self-service')
@Controller('v1/self-service/me/cases')
export class OwnCasesController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Get()
  @Documented({ summary: 'List one’s own cases, newest first', answers: { 200: casePage } })
  async listOwnCases(
    @SignedIn() { principal }: Caller,
    @Query({ schema: ownPageQuery }) query: OwnPageQuery,
    @Call() call: CallOptions,
  ) {
    const request = { storeId: '', memberId: principal.sub, page: pageRequest(query) };
    const { cases, nextCursor } = await this.owners.cases.listCases(request, call);
    return { cases: cases.map(caseAnswer), nextCursor: nextCursor || undefined };
  }

  @Get(':caseId')
  @Documented({
    summary: 'Read one of one’s own cases by id or number',
    description: 'A case of somebody else is not there.',
    answers: { 200: feedbackCase },
    problems: ['CASE_UNKNOWN'],
  })
  async readOwnCase(@Param('caseId', { schema: caseReference }) reference: string, @Call() call: CallOptions) {
    const found = await this.owners.cases.getCase({ by: byOf(reference) }, call);
    return caseAnswer(present(found.case));
  }
}
