import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FindMemberRequest } from '@regulars/contracts/members/v1/members';
import type { CallOptions } from '@regulars/service';
import type { FastifyReply } from 'fastify';
import { Call, Write, Writing } from '../access/call.guard.js';
import { DryRunQuery } from '../edge/dry-run.guard.js';
import { id } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { Documented } from '../edge/reference.config.js';
import { tellReplay } from '../edge/replay.guard.js';
import { Owners } from '../owners.client.js';
import {
  type FindQuery,
  findQuery,
  type MemberBody,
  type MemberQuery,
  member,
  memberAnswer,
  memberBody,
  memberQuery,
  registrationOf,
} from './member.js';

/** Members: register, find, read (requirements M1, M2, M4). */
@ApiTags('members')
@Controller('v1/members')
export class MembersController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Post()
  @DryRunQuery()
  @Documented({
    summary: 'Register a member',
    description: 'Both notices have to be accepted, and a mobile or an e-mail is needed.',
    answers: { 201: member, 200: member },
    problems: ['MOBILE_TAKEN', 'EMAIL_TAKEN', 'STORE_UNKNOWN', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async registerMember(
    @Body({ schema: memberBody }) body: MemberBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = registrationOf(body, write.idempotencyKey);
    const { member, replayed } = await this.owners.members.registerMember(request, write.call);
    tellReplay(reply, replayed);
    return memberAnswer(present(member));
  }

  @Get()
  @Documented({
    summary: 'Find a member by number, code token, mobile or e-mail',
    answers: { 200: member },
    problems: ['MEMBER_UNKNOWN'],
  })
  async findMember(@Query({ schema: findQuery }) query: FindQuery, @Call() call: CallOptions) {
    const { member } = await this.owners.members.findMember({ by: byOf(query) }, call);
    return memberAnswer(present(member));
  }

  @Get(':memberId')
  @Documented({
    summary: 'Read a member',
    description:
      'Personal data is masked unless the caller’s role and the purpose allow it; every clear read is logged.',
    answers: { 200: member },
    problems: ['MEMBER_UNKNOWN'],
  })
  async readMember(
    @Param('memberId', { schema: id }) memberId: string,
    @Query({ schema: memberQuery }) { purpose = '' }: MemberQuery,
    @Call() call: CallOptions,
  ) {
    const { member } = await this.owners.members.getMember({ memberId, purpose }, call);
    return memberAnswer(present(member));
  }
}

function byOf({ number, token, mobile, email }: FindQuery): FindMemberRequest['by'] {
  if (number !== undefined) return { $case: 'number', value: number };
  if (token !== undefined) return { $case: 'codeToken', value: token };
  if (mobile !== undefined) return { $case: 'mobile', value: mobile };
  return { $case: 'email', value: email ?? '' };
}
