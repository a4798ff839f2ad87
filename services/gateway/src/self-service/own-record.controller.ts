import { Body, Controller, Get, Headers, HttpCode, Inject, Post, Put, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import type { FastifyReply } from 'fastify';
import { Call, type Write, Writing } from '../access/call.guard.js';
import { type AccessesQuery, accessAnswer, accessesQuery, accessPage } from '../accesses/access.js';
import { type AcceptancesBody, acceptancesBody, acceptancesRead, confirmation } from '../directory/directory.js';
import { DryRunQuery } from '../edge/dry-run.guard.js';
import { pageRequest } from '../edge/fields.js';
import { IfMatchHeader, tellVersion, versionOf } from '../edge/if-match.config.js';
import { present } from '../edge/present.js';
import { Documented } from '../edge/reference.config.js';
import { tellReplay } from '../edge/replay.guard.js';
import { acceptanceAnswer, acceptanceOf, member, memberAnswer } from '../members/member.js';
import { Owners } from '../owners.client.js';
import {
  type ParticularsBody,
  particularsAnswer,
  particularsBody,
  particularsOf,
  particularsRead,
  particularsVersion,
} from '../particulars/particulars.config.js';

const purpose = 'own-data';

/** What a member sees and changes of her own record after signing in (requirement M12). */
@ApiTags('self-service')
@Controller('v1/self-service/me')
export class OwnRecordController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Get('record')
  @Documented({ summary: 'Read one’s own record, in clear', answers: { 200: member }, problems: ['MEMBER_UNKNOWN'] })
  async readOwnRecord(@Call() call: CallOptions, @Writing() { caller }: Write) {
    const { member: found } = await this.owners.members.getMember({ memberId: caller.principal.sub, purpose }, call);
    return memberAnswer(present(found));
  }

  @Get('accesses')
  @Documented({
    summary: 'List who saw one’s own clear personal data, newest first',
    answers: { 200: accessPage },
    problems: ['MEMBER_UNKNOWN'],
  })
  async listOwnAccesses(
    @Query({ schema: accessesQuery }) query: AccessesQuery,
    @Call() call: CallOptions,
    @Writing() { caller }: Write,
  ) {
    const request = { memberId: caller.principal.sub, page: pageRequest(query) };
    const { accesses, nextCursor } = await this.owners.memberAccess.listAccesses(request, call);
    return { accesses: accesses.map(accessAnswer), nextCursor: nextCursor || undefined };
  }

  @Get('particulars')
  @Documented({ summary: 'Read what one told', answers: { 200: particularsRead }, problems: ['MEMBER_UNKNOWN'] })
  async readOwnParticulars(
    @Call() call: CallOptions,
    @Writing() { caller }: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = { memberId: caller.principal.sub, purpose };
    const read = await this.owners.memberParticulars.getParticulars(request, call);
    tellVersion(reply, read.version);
    return particularsAnswer(read);
  }

  @Put('particulars')
  @IfMatchHeader()
  @DryRunQuery()
  @Documented({
    summary: 'Replace what one told: preferences, needs, addresses',
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
  async setOwnParticulars(
    @Body({ schema: particularsBody }) body: ParticularsBody,
    @Headers('if-match') ifMatch: string | undefined,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = {
      memberId: write.caller.principal.sub,
      particulars: particularsOf(body),
      expectedVersion: versionOf(ifMatch),
      idempotencyKey: write.idempotencyKey,
    };
    const { version, replayed } = await this.owners.memberParticulars.setParticulars(request, write.call);
    tellReplay(reply, replayed);
    tellVersion(reply, version);
    return { version };
  }

  @Post('acceptances')
  @DryRunQuery()
  @HttpCode(200)
  @Documented({
    summary: 'Accept further versions of notices',
    answers: { 200: acceptancesRead },
    problems: ['MEMBER_UNKNOWN', 'IDEMPOTENCY_KEY_REUSED'],
    needsKey: true,
  })
  async acceptOwnNotices(@Body({ schema: acceptancesBody }) body: AcceptancesBody, @Writing() write: Write) {
    const request = { memberId: write.caller.principal.sub, acceptances: body.acceptances.map(acceptanceOf) };
    const { acceptances } = await this.owners.memberDirectory.acceptNotices(request, write.call);
    return { acceptances: acceptances.map(acceptanceAnswer) };
  }

  @Post('confirmations')
  @DryRunQuery()
  @HttpCode(200)
  @Documented({
    summary: 'Confirm that one’s own record is right',
    answers: { 200: confirmation },
    problems: ['MEMBER_UNKNOWN', 'IDEMPOTENCY_KEY_REUSED'],
    needsKey: true,
  })
  async confirmOwnRecord(@Writing() { call, caller }: Write, @Res({ passthrough: true }) reply: FastifyReply) {
    const request = { memberId: caller.principal.sub };
    const { confirmedAt, replayed } = await this.owners.memberDirectory.confirmRecord(request, call);
    tellReplay(reply, replayed);
    return { confirmedAt };
  }
}
