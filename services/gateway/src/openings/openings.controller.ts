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
import { emptyBody } from '../redemptions/redemption.js';
import {
  type OpeningBody,
  type OpeningRejectionsQuery,
  type OpeningsQuery,
  openingAnswer,
  openingBody,
  openingPage,
  openingRead,
  openingRejectionPage,
  openingRejectionsQuery,
  openingsQuery,
} from './opening.js';

const rowExample = {
  externalId: 'C-10087',
  memberNumber: '8600001234',
  lots: [
    { points: 1200, expiresOn: '2027-03-31' },
    { points: 300, earnedOn: '2026-10-01' },
  ],
  tier: 'gold',
  tierUntil: '2027-06-30',
  history: [{ date: '2026-09-30', spentMinor: 268000 }],
};

/** What members bring along from the programme that was used before (requirement L16). */
@ApiTags('openings')
@Controller('v1/openings')
export class OpeningsController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Post()
  @Documented({
    summary: 'Begin to take over points, tiers and history from another programme',
    description:
      'The file is handed over next. A dry run checks every row, tells what it would come to, and books nothing.',
    answers: { 201: openingRead, 200: openingRead },
    problems: ['PROGRAMME_UNKNOWN', 'STORE_NOT_ALLOWED', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async beginOpening(
    @Body({ schema: openingBody }) body: OpeningBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = { ...body, idempotencyKey: write.idempotencyKey, expected: body.expected };
    const begun = await this.owners.openings.beginOpening(request, write.call);
    tellReplay(reply, begun.replayed);
    return openingAnswer(present(begun.opening));
  }

  @Put(':openingId/file')
  @HttpCode(202)
  @ApiConsumes('application/x-ndjson')
  @ApiBody({
    description:
      'UTF-8, a JSON object a line: externalId; memberNumber, unless the member was imported from the same source under the same externalId; lots of points, each with expiresOn (its last day; null: never) or earnedOn (then it ends as the programme says); tier with tierUntil; history, what counted on which day',
    schema: { type: 'string', example: JSON.stringify(rowExample) },
  })
  @Documented({
    summary: 'Hand the file of an opening over',
    description:
      'Of any length: it is passed on while it comes. A hand-over that was cut off is repeated from the beginning; once the file is whole, rows are booked two hundred at a time, and go on where they were left when a process dies. Each row counts once by its external id; rows of members who are not known yet wait for them.',
    answers: { 202: openingRead },
    problems: ['OPENING_UNKNOWN', 'OPENING_NOT_RECEIVING', 'OPENING_PARTS_MISSING', 'STORE_NOT_ALLOWED'],
    needsKey: true,
  })
  async handOverOpening(
    @Param('openingId', { schema: id }) openingId: string,
    @Body() body: unknown,
    @Writing() write: Write,
  ) {
    if (!(body instanceof Readable)) throw new Refused(problem('MEDIA_TYPE_NOT_SUPPORTED'));
    let parts = 0;
    for await (const content of inParts(body)) {
      await this.owners.openings.addOpeningPart({ openingId, part: parts, content }, write.call);
      parts += 1;
    }
    const { opening } = await this.owners.openings.completeOpening({ openingId, parts }, write.call);
    return openingAnswer(present(opening));
  }

  @Post(':openingId(^[\\w-]+)::undo')
  @Documented({
    summary: 'Take all of an opening back before going live',
    description:
      'Refused once anybody bought or redeemed anything in the programme. Afterwards the same rows can be brought in again.',
    answers: { 201: openingRead, 200: openingRead },
    problems: [
      'OPENING_UNKNOWN',
      'OPENING_NOT_DONE',
      'PROGRAMME_LIVE',
      'ALREADY_UNDONE',
      'STORE_NOT_ALLOWED',
      'IDEMPOTENCY_KEY_REUSED',
    ],
  })
  async undoOpening(
    @Param('openingId', { schema: id }) openingId: string,
    @Body({ schema: emptyBody }) _body: undefined | object,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = { openingId, idempotencyKey: write.idempotencyKey };
    const undone = await this.owners.openings.undoOpening(request, write.call);
    tellReplay(reply, undone.replayed);
    return openingAnswer(present(undone.opening));
  }

  @Get()
  @Documented({
    summary: 'List the openings of a programme, newest first',
    answers: { 200: openingPage },
    problems: ['STORE_NOT_ALLOWED'],
  })
  async listOpenings(@Query({ schema: openingsQuery }) query: OpeningsQuery, @Call() call: CallOptions) {
    const request = { programmeId: query.programmeId, page: pageRequest(query) };
    const { openings, nextCursor } = await this.owners.openings.listOpenings(request, call);
    return { openings: openings.map(openingAnswer), nextCursor: nextCursor || undefined };
  }

  @Get(':openingId')
  @Documented({
    summary: 'Read how far an opening is, and what it comes to',
    answers: { 200: openingRead },
    problems: ['OPENING_UNKNOWN', 'STORE_NOT_ALLOWED'],
  })
  async readOpening(@Param('openingId', { schema: id }) openingId: string, @Call() call: CallOptions) {
    const { opening } = await this.owners.openings.getOpening({ openingId }, call);
    return openingAnswer(present(opening));
  }

  @Get(':openingId/rejections')
  @Documented({
    summary: 'List the rows of an opening that were not taken, with every fault',
    answers: { 200: openingRejectionPage },
    problems: ['OPENING_UNKNOWN', 'STORE_NOT_ALLOWED'],
  })
  async listOpeningRejections(
    @Param('openingId', { schema: id }) openingId: string,
    @Query({ schema: openingRejectionsQuery }) query: OpeningRejectionsQuery,
    @Call() call: CallOptions,
  ) {
    const request = { openingId, page: pageRequest(query) };
    const { rejections, nextCursor } = await this.owners.openings.listOpeningRejections(request, call);
    return { rejections, nextCursor: nextCursor || undefined };
  }
}
