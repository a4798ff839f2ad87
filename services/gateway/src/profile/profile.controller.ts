import { Controller, Get, Inject, Param, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { ItemContext } from '@regulars/contracts/call/v1/call';
import type { CallOptions } from '@regulars/service';
import type { FastifyRequest } from 'fastify';
import { Call, callerOf, Reading } from '../access/call.guard.js';
import { id } from '../edge/fields.js';
import { Documented } from '../edge/reference.config.js';
import { type MemberQuery, memberQuery } from '../members/member.js';
import { ProfileClient } from './profile.client.js';
import { profile } from './profile.config.js';

/** Everything about a member in one call (客户画像, requirement M7). */
@ApiTags('members')
@Controller('v1/members/:memberId/profile')
export class ProfileController {
  constructor(@Inject(ProfileClient) private readonly profiles: ProfileClient) {}

  @Get()
  @Documented({
    summary: 'Read everything about a member in one call',
    description:
      'Every part comes from its owner at this moment. A part whose owner does not answer is `missing`, which is not the same as `empty`; the others are told all the same. Personal data is masked unless role and purpose allow; every read leaves a line in the access log.',
    answers: { 200: profile },
    problems: ['MEMBER_UNKNOWN'],
  })
  async readProfile(
    @Param('memberId', { schema: id }) memberId: string,
    @Query({ schema: memberQuery }) { purpose = '' }: MemberQuery,
    @Call() call: CallOptions,
    @Reading() context: ItemContext,
    @Req() request: FastifyRequest,
  ) {
    const caller = callerOf(request).principal;
    const parts = await this.profiles.of(memberId, { caller, purpose, call, context });
    const isWhole = Object.values(parts).every((part) => part.state !== 'missing');
    return { memberId, readAt: new Date().toISOString(), isWhole, parts };
  }
}
