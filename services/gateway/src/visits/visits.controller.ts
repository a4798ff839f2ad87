import { Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import { Call, type Write, Writing } from '../access/call.guard.js';
import { id } from '../edge/fields.js';
import { Documented } from '../edge/reference.config.js';
import { type MemberQuery, memberQuery } from '../members/member.js';
import { Owners } from '../owners.client.js';
import { comparedAnswer, visitsAnswer, visitsCompared, visitsRead } from './visit.js';

/** How members come (requirement M7). */
@ApiTags('members')
@Controller('v1/members/:memberId/visits')
export class VisitsController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Get()
  @Documented({
    summary: 'Read visit rhythm, meals, favourite dishes, party sizes and stores of a member',
    description:
      'Of the last 24 months, refunds taken off, with those of whoever was merged into the member. Every read leaves a line in the access log. Not told to anybody but herself while the processing of her data is restricted.',
    answers: { 200: visitsRead },
    problems: ['MEMBER_UNKNOWN', 'MEMBER_RESTRICTED'],
  })
  async readVisits(
    @Param('memberId', { schema: id }) memberId: string,
    @Query({ schema: memberQuery }) { purpose = '' }: MemberQuery,
    @Call() call: CallOptions,
  ) {
    return visitsAnswer(await this.owners.visits.getVisits({ memberId, purpose }, call));
  }

  @Get('comparison')
  @Documented({
    summary: 'Compare the visits kept with what is booked',
    answers: { 200: visitsCompared },
    problems: ['MEMBER_UNKNOWN', 'MEMBER_RESTRICTED', 'LOYALTY_UNAVAILABLE'],
  })
  async compareVisits(@Param('memberId', { schema: id }) memberId: string, @Call() call: CallOptions) {
    return comparedAnswer(await this.owners.visits.compareVisits({ memberId, repair: false }, call));
  }

  @Post('repairs')
  @HttpCode(200)
  @Documented({
    summary: 'Put right the visits kept where they differ from what is booked',
    description: 'Safe to repeat. What is answered is how they differed before.',
    answers: { 200: visitsCompared },
    problems: ['MEMBER_UNKNOWN', 'MEMBER_RESTRICTED', 'LOYALTY_UNAVAILABLE'],
    needsKey: true,
  })
  async repairVisits(@Param('memberId', { schema: id }) memberId: string, @Writing() write: Write) {
    return comparedAnswer(await this.owners.visits.compareVisits({ memberId, repair: true }, write.call));
  }
}
