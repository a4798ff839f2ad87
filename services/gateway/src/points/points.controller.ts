import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { ItemContext } from '@regulars/contracts/call/v1/call';
import { Reading } from '../access/call.guard.js';
import { id, pageRequest } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { Documented } from '../edge/reference.config.js';
import { PointsClient } from './points.client.js';
import {
  type BalanceQuery,
  balance,
  balanceAnswer,
  balanceQuery,
  type EntriesQuery,
  entriesQuery,
  entryAnswer,
  entryPage,
  explanation,
  explanationAnswer,
  type StatementQuery,
  statement,
  statementQuery,
} from './points.js';

/** What a member has and how it came to be (requirements L4, L5). */
@ApiTags('points')
@Controller('v1/members/:memberId/points')
export class PointsController {
  constructor(@Inject(PointsClient) private readonly points: PointsClient) {}

  @Get()
  @Documented({ summary: 'Read balance and tier', answers: { 200: balance }, problems: ['ACCOUNT_UNKNOWN'] })
  async readPoints(
    @Param('memberId', { schema: id }) memberId: string,
    @Query({ schema: balanceQuery }) { programmeId = '' }: BalanceQuery,
    @Reading() context: ItemContext,
  ) {
    return balanceAnswer(await this.points.read({ $case: 'balance', value: { memberId, programmeId } }, context));
  }

  @Get('entries')
  @Documented({
    summary: 'List ledger entries, newest first',
    answers: { 200: entryPage },
    problems: ['ACCOUNT_UNKNOWN'],
  })
  async listEntries(
    @Param('memberId', { schema: id }) memberId: string,
    @Query({ schema: entriesQuery }) query: EntriesQuery,
    @Reading() context: ItemContext,
  ) {
    const value = { memberId, programmeId: query.programmeId ?? '', page: pageRequest(query) };
    const { entries, nextCursor } = await this.points.read({ $case: 'entries', value }, context);
    return { entries: entries.map(entryAnswer), nextCursor: nextCursor || undefined };
  }

  @Get('statement')
  @Documented({ summary: 'Read the statement of a month', answers: { 200: statement }, problems: ['ACCOUNT_UNKNOWN'] })
  async readStatement(
    @Param('memberId', { schema: id }) memberId: string,
    @Query({ schema: statementQuery }) query: StatementQuery,
    @Reading() context: ItemContext,
  ) {
    const { month, programmeId = '' } = query;
    const value = { memberId, programmeId, month, page: pageRequest(query) };
    const { entries, nextCursor, ...totals } = await this.points.read({ $case: 'statement', value }, context);
    return { ...totals, entries: entries.map(entryAnswer), nextCursor: nextCursor || undefined };
  }
}

/** Why an entry has the points it has (requirement L3). */
@ApiTags('points')
@Controller('v1/points/entries')
export class EntriesController {
  constructor(@Inject(PointsClient) private readonly points: PointsClient) {}

  @Get(':entryId/explain')
  @Documented({ summary: 'Explain an entry', answers: { 200: explanation }, problems: ['ENTRY_UNKNOWN'] })
  async explainEntry(@Param('entryId', { schema: id }) entryId: string, @Reading() context: ItemContext) {
    const explained = await this.points.read({ $case: 'explanation', value: { entryId } }, context);
    return explanationAnswer(present(explained.entry), explained);
  }
}
