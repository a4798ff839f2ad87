import { Readable } from 'node:stream';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import type { FastifyReply } from 'fastify';
import { Call, type Write, Writing } from '../access/call.guard.js';
import { id, pageRequest } from '../edge/fields.js';
import { inParts } from '../edge/file-parts.js';
import { present } from '../edge/present.js';
import { problem, Refused } from '../edge/problems.js';
import { Documented } from '../edge/reference.config.js';
import { tellReplay } from '../edge/replay.guard.js';
import { Owners } from '../owners.client.js';
import {
  beginningOf,
  csvLine,
  type ImportBody,
  importAnswer,
  importBody,
  importRead,
  type RejectionsQuery,
  rejectionPage,
  rejectionsQuery,
  reportLines,
} from './import.js';

const reportPage = 200;

/** Members from files (requirement M1). */
@ApiTags('members')
@Controller('v1/imports')
export class ImportsController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Post()
  @Documented({
    summary: 'Begin an import of members',
    description: 'The file is handed over next. Everybody in it has to have accepted both notices.',
    answers: { 201: importRead, 200: importRead },
    problems: ['STORE_NOT_ALLOWED', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async beginImport(
    @Body({ schema: importBody }) body: ImportBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const begun = await this.owners.imports.beginImport(beginningOf(body, write.idempotencyKey), write.call);
    tellReplay(reply, begun.replayed);
    return importAnswer(present(begun.import));
  }

  @Put(':importId/file')
  @HttpCode(202)
  @ApiConsumes('text/csv', 'application/x-ndjson')
  @ApiBody({
    description:
      'UTF-8 or GB18030. Columns: externalId, name, mobile, email, birthday, nature, language, homeStoreId, acceptedAt',
    schema: { type: 'string', example: 'externalId,name,mobile\r\n7,周晓雨,13800138000\r\n' },
  })
  @Documented({
    summary: 'Hand the file of an import over',
    description:
      'Of any length: it is passed on while it comes. A hand-over that was cut off is repeated from the beginning; once the file is whole, rows are registered a few hundred at a time, and go on where they were left when a process dies. Each row counts once by its external id.',
    answers: { 202: importRead },
    problems: ['IMPORT_UNKNOWN', 'IMPORT_NOT_RECEIVING', 'IMPORT_PARTS_MISSING', 'STORE_NOT_ALLOWED'],
    needsKey: true,
  })
  async handOver(@Param('importId', { schema: id }) importId: string, @Body() body: unknown, @Writing() write: Write) {
    if (!(body instanceof Readable)) throw new Refused(problem('MEDIA_TYPE_NOT_SUPPORTED'));
    let parts = 0;
    for await (const content of inParts(body)) {
      await this.owners.imports.addImportPart({ importId, part: parts, content }, write.call);
      parts += 1;
    }
    const { import: found } = await this.owners.imports.completeImport({ importId, parts }, write.call);
    return importAnswer(present(found));
  }

  @Get(':importId')
  @Documented({ summary: 'Read how far an import is', answers: { 200: importRead }, problems: ['IMPORT_UNKNOWN'] })
  async readImport(@Param('importId', { schema: id }) importId: string, @Call() call: CallOptions) {
    const { import: found } = await this.owners.imports.getImport({ importId }, call);
    return importAnswer(present(found));
  }

  @Get(':importId/rejections')
  @Documented({
    summary: 'List the rows of an import that were not taken, with every fault',
    answers: { 200: rejectionPage },
    problems: ['IMPORT_UNKNOWN'],
  })
  async listRejections(
    @Param('importId', { schema: id }) importId: string,
    @Query({ schema: rejectionsQuery }) query: RejectionsQuery,
    @Call() call: CallOptions,
  ) {
    const request = { importId, page: pageRequest(query) };
    const { rejections, nextCursor } = await this.owners.imports.listRejections(request, call);
    return { rejections, nextCursor: nextCursor || undefined };
  }

  @Get(':importId/report')
  @Documented({
    summary: 'Read the rows of an import that were not taken as CSV',
    description: 'Cells that a spreadsheet would take for formulas have an apostrophe before them.',
    answers: { 200: undefined },
    problems: ['IMPORT_UNKNOWN'],
  })
  async readReport(
    @Param('importId', { schema: id }) importId: string,
    @Call() call: CallOptions,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const first = await this.owners.imports.listRejections({ importId, page: { limit: reportPage, cursor: '' } }, call);
    void reply.type('text/csv; charset=utf-8');
    return Readable.from(this.report(importId, first, call));
  }

  /** One page after the other, each with the patience of a read of its own. */
  private async *report(
    importId: string,
    first: Awaited<ReturnType<Owners['imports']['listRejections']>>,
    call: CallOptions,
  ): AsyncGenerator<string> {
    yield csvLine(['line', 'pointer', 'reason', 'message']);
    const patienceMs = Number(call.deadline) - Date.now();
    for (let page = first; ; ) {
      yield reportLines(page.rejections);
      if (page.nextCursor === '') return;
      const next = { importId, page: { limit: reportPage, cursor: page.nextCursor } };
      page = await this.owners.imports.listRejections(next, { ...call, deadline: Date.now() + patienceMs });
    }
  }
}
