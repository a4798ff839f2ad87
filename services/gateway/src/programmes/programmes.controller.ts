import { Body, Controller, Get, Inject, Param, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type CallOptions, RpcFailure } from '@regulars/service';
import type { FastifyReply } from 'fastify';
import { Call, Write, Writing } from '../access/call.guard.js';
import { DryRunQuery } from '../edge/dry-run.guard.js';
import { id } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { Documented } from '../edge/reference.config.js';
import { tellReplay } from '../edge/replay.guard.js';
import { Owners } from '../owners.client.js';
import {
  type ProgrammeBody,
  type PublishBody,
  programme,
  programmeAnswer,
  programmeBody,
  publishBody,
  type TermsBody,
  termsBody,
  termsOf,
  version,
  versionAnswer,
  versionNumber,
} from './programme.js';

/** Programmes: the written policy by which points are given (requirement L3). */
@ApiTags('programmes')
@Controller('v1/programmes')
export class ProgrammesController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Post()
  @DryRunQuery()
  @Documented({
    summary: 'Begin a programme for some brands',
    answers: { 201: programme, 200: programme },
    problems: ['PROGRAMME_CODE_OR_BRAND_TAKEN', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async createProgramme(
    @Body({ schema: programmeBody }) body: ProgrammeBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const created = await this.owners.programmes.createProgramme(body, write.call);
    tellReplay(reply, created.replayed);
    return programmeAnswer(present(created.programme));
  }

  @Get(':programmeId')
  @Documented({
    summary: 'Read a programme with its versions',
    answers: { 200: programme },
    problems: ['PROGRAMME_UNKNOWN'],
  })
  async readProgramme(@Param('programmeId', { schema: id }) programmeId: string, @Call() call: CallOptions) {
    const found = await this.owners.programmes.getProgramme({ programmeId }, call);
    return programmeAnswer(present(found.programme));
  }

  @Post(':programmeId/versions')
  @DryRunQuery()
  @Documented({
    summary: 'Draft a version',
    answers: { 201: version, 200: version },
    problems: ['PROGRAMME_UNKNOWN', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async draftVersion(
    @Param('programmeId', { schema: id }) programmeId: string,
    @Body({ schema: termsBody }) body: TermsBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = { programmeId, terms: termsOf(body) };
    const drafted = await this.owners.programmes.draftVersion(request, write.call).catch(pointIntoTerms);
    tellReplay(reply, drafted.replayed);
    return versionAnswer(present(drafted.version));
  }

  @Post(':programmeId/versions/:version(^\\d+)::publish')
  @DryRunQuery()
  @Documented({
    summary: 'Publish a draft',
    description: 'From its date on it is in force and can never be edited.',
    answers: { 201: version },
    problems: ['PROGRAMME_UNKNOWN', 'VERSION_UNKNOWN', 'NOT_A_DRAFT', 'EFFECTIVE_IN_PAST'],
  })
  async publishVersion(
    @Param('programmeId', { schema: id }) programmeId: string,
    @Param('version', { schema: versionNumber }) number: number,
    @Body({ schema: publishBody }) { effectiveFrom }: PublishBody,
    @Writing() write: Write,
  ) {
    const request = { programmeId, version: number, effectiveFrom };
    const published = await this.owners.programmes.publishVersion(request, write.call);
    return versionAnswer(present(published.version));
  }
}

/** The body is the terms themselves, which loyalty has below /terms. */
function pointIntoTerms(error: unknown): never {
  if (!(error instanceof RpcFailure) || !error.problem) throw error;
  const faults = error.problem.faults.map((fault) => ({ ...fault, pointer: fault.pointer.replace(/^\/terms/, '') }));
  throw new RpcFailure(error.status, { ...error.problem, faults }, error.message);
}
