import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import { Call } from '../access/call.guard.js';
import { pageRequest } from '../edge/fields.js';
import { Documented } from '../edge/reference.config.js';
import { Owners } from '../owners.client.js';
import { type FollowUpsQuery, followUpAnswer, followUpPage, followUpsQuery } from './followup.js';

/** Questions to guests after their visit (requirement S4). */
@ApiTags('followups')
@Controller('v1/followups')
export class FollowUpsController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Get()
  @Documented({ summary: 'List follow-ups of a member, newest first', answers: { 200: followUpPage } })
  async listFollowUps(@Query({ schema: followUpsQuery }) query: FollowUpsQuery, @Call() call: CallOptions) {
    const request = { memberId: query.memberId, page: pageRequest(query) };
    const { followUps, nextCursor } = await this.owners.followUps.listFollowUps(request, call);
    return { followUps: followUps.map(followUpAnswer), nextCursor: nextCursor || undefined };
  }
}
