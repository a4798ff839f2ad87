import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { ItemContext } from '@regulars/contracts/call/v1/call';
import { type Caller, Reading, SignedIn } from '../access/call.guard.js';
import { id, pageRequest } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { Documented } from '../edge/reference.config.js';
import { PointsClient } from '../points/points.client.js';
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
} from '../points/points.js';

/** What a member has and how it came to be, for herself (requirements M12, L4, L5). */
@ApiTags('self-service')
@Controller('v1/self-service/me/points')
export class OwnPointsController {
  constructor(@Inject(PointsClient) private readonly points: PointsClient) {}

  @Get()
  @Documented({
    summary: 'Read one’s own balance and tier',
    answers: { 200: balance },
    problems: ['ACCOUNT_UNKNOWN'],
  })
  async readOwnPoints(
    @SignedIn() { principal }: Caller,
    @Query({ schema: balanceQuery }) { programmeId = '' }: BalanceQuery,
    @Reading() context: ItemContext,
  ) {
    const value = { memberId: principal.sub, programmeId };
    return balanceAnswer(await this.points.read({ $case: 'balance', value }, context));
  }

  @Get('entries')
  @Documented({
    summary: 'List one’s own ledger entries, newest first',
    answers: { 200: entryPage },
    problems: ['ACCOUNT_UNKNOWN'],
  })
  async listOwnEntries(
    @SignedIn() { principal }: Caller,
    @Query({ schema: entriesQuery }) query: EntriesQuery,
    @Reading() context: ItemContext,
  ) {
    const value = { memberId: principal.sub, programmeId: query.programmeId ?? '', page: pageRequest(query) };
    const { entries, nextCursor } = await this.points.read({ $case: 'entries', value }, context);
    return { entries: entries.map(entryAnswer), nextCursor: nextCursor || undefined };
  }

  @Get('statement')
  @Documented({
    summary: 'Read one’s own statement of a month',
    answers: { 200: statement },
    problems: ['ACCOUNT_UNKNOWN'],
  })
  async readOwnStatement(
    @SignedIn() { principal }: Caller,
    @Query({ schema: statementQuery }) query: StatementQuery,
    @Reading() context: ItemContext,
  ) {
    const { month, programmeId = '' } = query;
    const value = { memberId: principal.sub, programmeId, month, page: pageRequest(query) };
    const { entries, nextCursor, ...totals } = await this.points.read({ $case: 'statement', value }, context);
    return { ...totals, entries: entries.map(entryAnswer), nextCursor: nextCursor || undefined };
  }

  @Get('entries/:entryId/explain')
  @Documented({
    summary: 'Explain one of one’s own entries',
    description: 'An entry of somebody else is not there.',
    answers: { 200: explanation },
    problems: ['ENTRY_UNKNOWN'],
  })
  async explainOwnEntry(@Param('entryId', { schema: id }) entryId: string, @Reading() context: ItemContext) {
    const explained = await this.points.read({ $case: 'explanation', value: { entryId } }, context);
    return explanationAnswer(present(explained.entry), explained);
  }
}
