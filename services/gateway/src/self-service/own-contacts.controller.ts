import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import type { FastifyReply } from 'fastify';
import { Call, type Caller, SignedIn, type Write, Writing } from '../access/call.guard.js';
import { id, pageRequest } from '../edge/fields.js';
import { Documented } from '../edge/reference.config.js';
import { tellReplay } from '../edge/replay.guard.js';
import { Owners } from '../owners.client.js';
import {
  type CodeBody,
  challenge,
  changeAnswer,
  changePage,
  codeBody,
  kinds,
  type VerificationBody,
  verificationBody,
  verified,
} from '../verification/verification.js';
import { type OwnPageQuery, ownPageQuery } from './own-page.js';

/** How a member is reached: changed by herself with a code, and how it changed (requirements M3, M12). */
@ApiTags('self-service')
@Controller('v1/self-service/me')
export class OwnContactsController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Get('contact-changes')
  @Documented({
    summary: 'List how one’s own contacts changed, newest first, in clear',
    answers: { 200: changePage },
    problems: ['MEMBER_UNKNOWN'],
  })
  async listOwnContactChanges(
    @SignedIn() { principal }: Caller,
    @Query({ schema: ownPageQuery }) query: OwnPageQuery,
    @Call() call: CallOptions,
  ) {
    const request = { memberId: principal.sub, purpose: 'own-data', page: pageRequest(query) };
    const { changes, nextCursor, masked } = await this.owners.verifications.listContactChanges(request, call);
    return { changes: changes.map(changeAnswer), masked, nextCursor: nextCursor || undefined };
  }

  @Post('verifications')
  @Documented({
    summary: 'Have a one-time code sent to one’s own mobile or e-mail, or to a new one',
    description: 'A new one takes the place of the one on record once the code is given back.',
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
  async startOwnVerification(
    @Body({ schema: verificationBody }) { kind, value = '' }: VerificationBody,
    @Writing() { idempotencyKey, call, caller }: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = { memberId: caller.principal.sub, kind: kinds.number(kind), value, idempotencyKey };
    const { challengeId, expiresAt, replayed } = await this.owners.verifications.startVerification(request, call);
    tellReplay(reply, replayed);
    return { challengeId, expiresAt };
  }

  @Post('verifications/:challengeId')
  @HttpCode(200)
  @Documented({
    summary: 'Give a one-time code back',
    description: 'Every try counts.',
    answers: { 200: verified },
    problems: [
      'MEMBER_UNKNOWN',
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
  async verifyOwnContact(
    @Param('challengeId', { schema: id }) challengeId: string,
    @Body({ schema: codeBody }) { code }: CodeBody,
    @Writing() { call, caller }: Write,
  ) {
    const request = { memberId: caller.principal.sub, challengeId, code };
    const { kind, takenOver } = await this.owners.verifications.verifyContact(request, call);
    return { kind: kinds.word(kind), takenOver };
  }
}
