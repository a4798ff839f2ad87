import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ContactKind } from '@regulars/contracts/members/v1/verification';
import { type CallOptions, PrincipalSigner } from '@regulars/service';
import { Anonymous, type Visit } from '../access/call.guard.js';
import { MemberTokens } from '../access/member-tokens.client.js';
import { Documented } from '../edge/reference.config.js';
import { Owners } from '../owners.client.js';
import { challenge } from '../verification/verification.js';
import { type SessionBody, type SignInBody, session, sessionBody, signInBody } from './sign-in.js';

/** Members sign in by a one-time code (requirement M12). */
@ApiTags('self-service')
@Controller('v1/self-service')
export class SignInController {
  constructor(
    @Inject(Owners) private readonly owners: Owners,
    @Inject(PrincipalSigner) private readonly signer: PrincipalSigner,
    @Inject(MemberTokens) private readonly tokens: MemberTokens,
  ) {}

  @Post('codes')
  @HttpCode(202)
  @Documented({
    summary: 'Have a one-time code sent for signing in',
    description:
      'The answer is the same whether anybody has the mobile or e-mail; five codes go to one within an hour.',
    answers: { 202: challenge },
    problems: ['TOO_MANY_CODES'],
    needsKey: true,
  })
  async requestCode(@Body({ schema: signInBody }) { mobile, email }: SignInBody, @Anonymous() visit: Visit) {
    const kind = mobile === undefined ? ContactKind.EMAIL : ContactKind.MOBILE;
    const value = mobile ?? email ?? '';
    return this.owners.verifications.startSignIn({ kind, value }, await this.call(visit));
  }

  @Post('sessions')
  @Documented({
    summary: 'Sign in with the code',
    description: 'Every try counts: five for a code.',
    answers: { 201: session },
    problems: ['CHALLENGE_UNKNOWN', 'CODE_WRONG', 'CODE_USED', 'CODE_EXPIRED', 'TOO_MANY_TRIES'],
  })
  async signIn(@Body({ schema: sessionBody }) body: SessionBody, @Anonymous() visit: Visit) {
    const { memberId } = await this.owners.verifications.signIn(body, await this.call(visit));
    return { memberId, ...(await this.tokens.issue(memberId)) };
  }

  private async call({ deadline, traceparent }: Visit): Promise<CallOptions> {
    const principal = await this.signer.sign({ sub: 'self-service', kind: 'machine', roles: [], stores: [] });
    return { principal, deadline, traceparent };
  }
}
