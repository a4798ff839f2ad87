import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import { Call } from '../access/call.guard.js';
import { id, pageRequest } from '../edge/fields.js';
import { Documented } from '../edge/reference.config.js';
import { Owners } from '../owners.client.js';
import { type AccessesQuery, accessAnswer, accessesQuery, accessPage } from './access.js';

/** Who looked at the personal data of a member (requirement M6). */
@ApiTags('members')
@Controller('v1/members/:memberId/accesses')
export class AccessesController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Get()
  @Documented({
    summary: 'List who saw clear personal data of a member, newest first',
    answers: { 200: accessPage },
    problems: ['MEMBER_UNKNOWN'],
  })
  async listAccesses(
    @Param('memberId', { schema: id }) memberId: string,
    @Query({ schema: accessesQuery }) query: AccessesQuery,
    @Call() call: CallOptions,
  ) {
    const page = pageRequest(query);
    const { accesses, nextCursor } = await this.owners.memberAccess.listAccesses({ memberId, page }, call);
    return { accesses: accesses.map(accessAnswer), nextCursor: nextCursor || undefined };
  }
}
