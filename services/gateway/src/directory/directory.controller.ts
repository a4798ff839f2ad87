import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import type { FastifyReply } from 'fastify';
import { Call, type Write, Writing } from '../access/call.guard.js';
import { DryRunQuery } from '../edge/dry-run.guard.js';
import { id, pageRequest } from '../edge/fields.js';
import { IfMatchHeader, tellVersion, versionOf } from '../edge/if-match.config.js';
import { present } from '../edge/present.js';
import { Documented } from '../edge/reference.config.js';
import { tellReplay } from '../edge/replay.guard.js';
import { acceptanceAnswer, acceptanceOf, memberAnswer } from '../members/member.js';
import { Owners } from '../owners.client.js';
import {
  type AcceptancesBody,
  type AskBody,
  acceptancesBody,
  acceptancesRead,
  askBody,
  asked,
  confirmation,
  memberPage,
  type SearchQuery,
  type StaleQuery,
  searchQuery,
  stalePage,
  staleQuery,
  type TagsBody,
  tagsBody,
} from './directory.js';

/** Lists of members: searched, tagged, due to be asked again (requirements M1, M3, M4). */
@ApiTags('members')
@Controller('v1/members')
export class DirectoryController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Get('search')
  @Documented({
    summary: 'Search members by the beginning of the name, store, tag and tier, newest first',
    description:
      'A page may be shorter than its limit before the last one. Whoever acts for some stores sees their members.',
    answers: { 200: memberPage },
  })
  async searchMembers(@Query({ schema: searchQuery }) query: SearchQuery, @Call() call: CallOptions) {
    const { namePrefix = '', homeStoreId = '', tag = '', tier = '' } = query;
    const request = { namePrefix, homeStoreId, tag, tier, page: pageRequest(query) };
    const { members, nextCursor } = await this.owners.memberDirectory.searchMembers(request, call);
    return { members: members.map(memberAnswer), nextCursor: nextCursor || undefined };
  }

  @Get('stale')
  @Documented({
    summary: 'List members whose data nobody confirmed for a while, longest first',
    answers: { 200: stalePage },
  })
  async listStaleMembers(@Query({ schema: staleQuery }) query: StaleQuery, @Call() call: CallOptions) {
    const request = { olderThanDays: query.olderThanDays, page: pageRequest(query) };
    const { members, nextCursor } = await this.owners.memberDirectory.listStale(request, call);
    const answered = members.map(({ member, ...rest }) => ({ member: memberAnswer(present(member)), ...rest }));
    return { members: answered, nextCursor: nextCursor || undefined };
  }

  @Post('confirmation-requests')
  @DryRunQuery()
  @HttpCode(200)
  @Documented({
    summary: 'Ask members to confirm their data, by a message',
    answers: { 200: asked },
    problems: ['IDEMPOTENCY_KEY_REUSED'],
    needsKey: true,
  })
  async askToConfirm(
    @Body({ schema: askBody }) { memberIds }: AskBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { askedIds, replayed } = await this.owners.memberDirectory.askToConfirm({ memberIds }, write.call);
    tellReplay(reply, replayed);
    return { askedIds };
  }

  @Post(':memberId/confirmations')
  @DryRunQuery()
  @HttpCode(200)
  @Documented({
    summary: 'Note that the member confirmed the data',
    description: 'The history of contacts tells who noted it.',
    answers: { 200: confirmation },
    problems: ['MEMBER_UNKNOWN', 'IDEMPOTENCY_KEY_REUSED'],
    needsKey: true,
  })
  async confirmMember(
    @Param('memberId', { schema: id }) memberId: string,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { confirmedAt, replayed } = await this.owners.memberDirectory.confirmRecord({ memberId }, write.call);
    tellReplay(reply, replayed);
    return { confirmedAt };
  }

  @Get(':memberId/tags')
  @Documented({ summary: 'Read the tags of a member', answers: { 200: tagsBody }, problems: ['MEMBER_UNKNOWN'] })
  async readTags(
    @Param('memberId', { schema: id }) memberId: string,
    @Call() call: CallOptions,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { tags, version } = await this.owners.memberDirectory.getTags({ memberId }, call);
    tellVersion(reply, version);
    return { tags };
  }

  @Put(':memberId/tags')
  @IfMatchHeader({ required: false })
  @DryRunQuery()
  @Documented({
    summary: 'Replace the tags of a member',
    description: 'Without If-Match whatever stands is replaced.',
    answers: { 200: tagsBody },
    problems: ['MEMBER_UNKNOWN', 'VERSION_CHANGED', 'IDEMPOTENCY_KEY_REUSED'],
    needsKey: true,
  })
  async setTags(
    @Param('memberId', { schema: id }) memberId: string,
    @Body({ schema: tagsBody }) body: TagsBody,
    @Headers('if-match') ifMatch: string | undefined,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const expectedVersion = ifMatch === undefined ? undefined : versionOf(ifMatch);
    const request = { memberId, ...body, expectedVersion };
    const { tags, version, replayed } = await this.owners.memberDirectory.setTags(request, write.call);
    tellReplay(reply, replayed);
    tellVersion(reply, version);
    return { tags };
  }

  @Post(':memberId/acceptances')
  @DryRunQuery()
  @HttpCode(200)
  @Documented({
    summary: 'Note that the member accepted further versions of notices',
    description: 'A version that was accepted before keeps its first time. All that was accepted is answered.',
    answers: { 200: acceptancesRead },
    problems: ['MEMBER_UNKNOWN', 'IDEMPOTENCY_KEY_REUSED'],
    needsKey: true,
  })
  async acceptNotices(
    @Param('memberId', { schema: id }) memberId: string,
    @Body({ schema: acceptancesBody }) body: AcceptancesBody,
    @Writing() write: Write,
  ) {
    const request = { memberId, acceptances: body.acceptances.map(acceptanceOf) };
    const { acceptances } = await this.owners.memberDirectory.acceptNotices(request, write.call);
    return { acceptances: acceptances.map(acceptanceAnswer) };
  }
}
