import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import { Call, type Write, Writing } from '../access/call.guard.js';
import { id, pageRequest } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { Documented } from '../edge/reference.config.js';
import { Owners } from '../owners.client.js';
import { emptyBody } from '../redemptions/redemption.js';
import {
  type DuplicatesQuery,
  duplicate,
  duplicateAnswer,
  duplicatePage,
  duplicatesQuery,
  stateNumber,
} from './duplicate.js';

/** Pairs of members who may be one person (requirement M5). */
@ApiTags('members')
@Controller('v1/members/duplicates')
export class DuplicatesController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Get()
  @Documented({
    summary: 'List pairs of members who may be one person, found last first',
    description: 'Both are masked. Whoever acts for some stores sees pairs with a member of those.',
    answers: { 200: duplicatePage },
  })
  async listDuplicates(@Query({ schema: duplicatesQuery }) query: DuplicatesQuery, @Call() call: CallOptions) {
    const request = { state: stateNumber(query.state), page: pageRequest(query) };
    const { duplicates, nextCursor } = await this.owners.duplicates.listDuplicates(request, call);
    return { duplicates: duplicates.map(duplicateAnswer), nextCursor: nextCursor || undefined };
  }

  @Post(':duplicateId(^[\\w-]+)::dismiss')
  @HttpCode(200)
  @Documented({
    summary: 'Say that a pair are two persons',
    description: 'It is not proposed again. Repeating it changes nothing.',
    answers: { 200: duplicate },
    problems: ['DUPLICATE_UNKNOWN'],
    needsKey: true,
  })
  async dismissDuplicate(
    @Param('duplicateId', { schema: id }) duplicateId: string,
    @Body({ schema: emptyBody }) _body: undefined | object,
    @Writing() write: Write,
  ) {
    const { duplicate: pair } = await this.owners.duplicates.dismissDuplicate({ duplicateId }, write.call);
    return duplicateAnswer(present(pair));
  }
}
