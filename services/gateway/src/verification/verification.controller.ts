import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import type { FastifyReply } from 'fastify';
import { Call, type Write, Writing } from '../access/call.guard.js';
import { id, pageRequest } from '../edge/fields.js';
import { Documented } from '../edge/reference.config.js';
import { tellReplay } from '../edge/replay.guard.js';
import { Owners } from '../owners.client.js';
import {
  type ChangesQuery,
  type CodeBody,
  challenge,
  changeAnswer,
  changePage,
  changesQuery,
  codeBody,
  kinds,
  type VerificationBody,
  verificationBody,
  verified,
} from './verification.js';

/** Contacts of members: verified, changed, and how they changed (requirement M3). */
@ApiTags('members')
@Controller('v1/members/:memberId')
export class VerificationController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Post('verifications')
  @Documented({
    summary: 'Send a one-time code to a mobile or an e-mail of a member',
    description: 'A code is good for ten minutes, once, for five tries; five are sent to a contact within an hour.',
    answers: { 201: challenge, 200: challenge },
    problems: [
      'MEMBER_UNKNOWN',
      'NO_CONTACT',
      'MOBILE_TAKEN',
      'EMAIL_TAKEN',
      'TOO_MANY_CODES',
      'IDEMPOTENCY_KEY_REUSED',
    ],
  })
  async startVerification(
    @Param('memberId', { schema: id }) memberId: string,
    @Body({ schema: verificationBody }) { kind, value = '' }: VerificationBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { idempotencyKey, call } = write;
    const request = { memberId, kind: kinds.number(kind), value, idempotencyKey };
    const { challengeId, expiresAt, replayed } = await this.owners.verifications.startVerification(request, call);
    tellReplay(reply, replayed);
    return { challengeId, expiresAt };
  }

  @Post('verifications/:challengeId')
  @HttpCode(200)
  @Documented({
    summary: 'Give a one-time code back',
    description: 'The member then holds the contact. Every try counts.',
    answers: { 200: verified },
    problems: [
      'CHALLENGE_UNKNOWN',
      'CODE_WRONG',
      'CODE_USED',
      'CODE_EXPIRED',
      'TOO_MANY_TRIES',
      'MOBILE_TAKEN',
      'EMAIL_TAKEN',
    ],
    needsKey: true,
  })
  async verifyContact(
    @Param('memberId', { schema: id }) memberId: string,
    @Param('challengeId', { schema: id }) challengeId: string,
    @Body({ schema: codeBody }) { code }: CodeBody,
    @Writing() write: Write,
  ) {
    const { kind, takenOver } = await this.owners.verifications.verifyContact(
      { memberId, challengeId, code },
      write.call,
    );
    return { kind: kinds.word(kind), takenOver };
  }

  @Get('contact-changes')
  @Documented({
    summary: 'List how the contacts of a member changed, newest first',
    description: 'Masked unless the caller’s role and the purpose allow it; every clear read is logged.',
    answers: { 200: changePage },
    problems: ['MEMBER_UNKNOWN'],
  })
  async listContactChanges(
    @Param('memberId', { schema: id }) memberId: string,
    @Query({ schema: changesQuery }) query: ChangesQuery,
    @Call() call: CallOptions,
  ) {
    const request = { memberId, purpose: query.purpose ?? '', page: pageRequest(query) };
    const { changes, nextCursor, masked } = await this.owners.verifications.listContactChanges(request, call);
    return { changes: changes.map(changeAnswer), masked, nextCursor: nextCursor || undefined };
  }
}
