import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import type { FastifyReply } from 'fastify';
import { Call, Write, Writing } from '../access/call.guard.js';
import { date, id, pageRequest } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { Documented } from '../edge/reference.config.js';
import { tellReplay } from '../edge/replay.guard.js';
import { Owners } from '../owners.client.js';
import { csvOf } from './csv.js';
import {
  actionNumber,
  type ConflictsQuery,
  conflict,
  conflictAnswer,
  conflictPage,
  conflictsQuery,
  dayTable,
  type ReportsQuery,
  reportPage,
  reportsQuery,
  type SettlementBody,
  settlementBody,
  storeDay,
} from './store-day.js';

/** What tills posted, and what about it does not fit (requirement L17). */
@ApiTags('reconciliation')
@Controller('v1')
export class ReconciliationController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Get('stores/:storeId/days/:businessDate')
  @Documented({
    summary: 'Reconcile a business day of a store',
    description: 'As it stands now, till by till: sums, missing receipt numbers, conflicts, points against sales.',
    answers: { 200: storeDay },
    problems: ['STORE_UNKNOWN', 'STORE_NOT_ALLOWED', 'NO_PROGRAMME'],
  })
  async readStoreDay(
    @Param('storeId', { schema: id }) storeId: string,
    @Param('businessDate', { schema: date }) businessDate: string,
    @Call() call: CallOptions,
  ) {
    return present((await this.owners.reconciliation.getStoreDay({ storeId, businessDate }, call)).day);
  }

  @Get('stores/:storeId/days/:businessDate/csv')
  @Documented({
    summary: 'Reconcile a business day of a store as a table',
    description: 'CSV, a line for each till; what a spreadsheet would take for a formula is neutralised.',
    answers: { 200: undefined },
    problems: ['STORE_UNKNOWN', 'STORE_NOT_ALLOWED', 'NO_PROGRAMME'],
  })
  async readStoreDayTable(
    @Param('storeId', { schema: id }) storeId: string,
    @Param('businessDate', { schema: date }) businessDate: string,
    @Call() call: CallOptions,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { day } = await this.owners.reconciliation.getStoreDay({ storeId, businessDate }, call);
    void reply.type('text/csv; charset=utf-8');
    return csvOf(dayTable(present(day)));
  }

  @Get('day-reports')
  @Documented({
    summary: 'List the reports of the mornings, newest business date first',
    description: 'As they stood when they were made.',
    answers: { 200: reportPage },
    problems: ['STORE_NOT_ALLOWED'],
  })
  async listDayReports(@Query({ schema: reportsQuery }) query: ReportsQuery, @Call() call: CallOptions) {
    const request = { storeId: query.storeId ?? '', page: pageRequest(query) };
    const { reports, nextCursor } = await this.owners.reconciliation.listDayReports(request, call);
    return { reports, nextCursor: nextCursor || undefined };
  }

  @Get('receipt-conflicts')
  @Documented({
    summary: 'List receipts that came again with another body, oldest first',
    answers: { 200: conflictPage },
    problems: ['STORE_NOT_ALLOWED'],
  })
  async listConflicts(@Query({ schema: conflictsQuery }) query: ConflictsQuery, @Call() call: CallOptions) {
    const request = { storeId: query.storeId ?? '', openOnly: query.open === 'true', page: pageRequest(query) };
    const { conflicts, nextCursor } = await this.owners.reconciliation.listConflicts(request, call);
    return { conflicts: conflicts.map(conflictAnswer), nextCursor: nextCursor || undefined };
  }

  @Post('receipt-conflicts/:conflictId(^[\\w-]+)::settle')
  @Documented({
    summary: 'Record what was done about a conflict',
    answers: { 201: conflict, 200: conflict },
    problems: ['CONFLICT_UNKNOWN', 'CONFLICT_SETTLED', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async settleConflict(
    @Param('conflictId', { schema: id }) conflictId: string,
    @Body({ schema: settlementBody }) { action, note }: SettlementBody,
    @Writing() { idempotencyKey, call }: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = { idempotencyKey, conflictId, action: actionNumber(action), note };
    const settled = await this.owners.reconciliation.settleConflict(request, call);
    tellReplay(reply, settled.replayed);
    return conflictAnswer(present(settled.conflict));
  }
}
