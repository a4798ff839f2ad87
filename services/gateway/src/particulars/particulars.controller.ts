import { Body, Controller, Get, Headers, Inject, Param, Put, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import type { FastifyReply } from 'fastify';
import { Call, type Write, Writing } from '../access/call.guard.js';
import { DryRunQuery } from '../edge/dry-run.guard.js';
import { id } from '../edge/fields.js';
import { IfMatchHeader, tellVersion, versionOf } from '../edge/if-match.config.js';
import { Documented } from '../edge/reference.config.js';
import { tellReplay } from '../edge/replay.guard.js';
import { type MemberQuery, memberQuery } from '../members/member.js';
import { Owners } from '../owners.client.js';
import {
  type ParticularsBody,
  particularsAnswer,
  particularsBody,
  particularsOf,
  particularsRead,
  particularsVersion,
} from './particulars.config.js';

/** Preferences, special needs, addresses and contact persons of a member (requirement M2). */
@ApiTags('members')
@Controller('v1/members/:memberId/particulars')
export class ParticularsController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Get()
  @Documented({
    summary: 'Read what a member told so that she can be served well',
    description:
      'Preferences and special needs are for whoever serves guests. Gender, addresses and contact persons are left out unless role and purpose allow them, which is logged.',
    answers: { 200: particularsRead },
    problems: ['MEMBER_UNKNOWN'],
  })
  async readParticulars(
    @Param('memberId', { schema: id }) memberId: string,
    @Query({ schema: memberQuery }) { purpose = '' }: MemberQuery,
    @Call() call: CallOptions,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const read = await this.owners.memberParticulars.getParticulars({ memberId, purpose }, call);
    tellVersion(reply, read.version);
    return particularsAnswer(read);
  }

  @Put()
  @IfMatchHeader()
  @DryRunQuery()
  @Documented({
    summary: 'Replace what a member told',
    description: 'All of it: what is left out is forgotten.',
    answers: { 200: particularsVersion },
    problems: [
      'MEMBER_UNKNOWN',
      'VERSION_CHANGED',
      'IF_MATCH_NEEDED',
      'CONTACT_PERSONS_OF_INDIVIDUAL',
      'IDEMPOTENCY_KEY_REUSED',
    ],
    needsKey: true,
  })
  async setParticulars(
    @Param('memberId', { schema: id }) memberId: string,
    @Body({ schema: particularsBody }) body: ParticularsBody,
    @Headers('if-match') ifMatch: string | undefined,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = {
      memberId,
      particulars: particularsOf(body),
      expectedVersion: versionOf(ifMatch),
      idempotencyKey: write.idempotencyKey,
    };
    const { version, replayed } = await this.owners.memberParticulars.setParticulars(request, write.call);
    tellReplay(reply, replayed);
    tellVersion(reply, version);
    return { version };
  }
}
