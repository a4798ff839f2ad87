import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import {
  ContactKind,
  type GetCodeRequest,
  type GetCodeResponse,
  type ListContactChangesRequest,
  type ListContactChangesResponse,
  type SignInRequest,
  type SignInResponse,
  type StartSignInRequest,
  type StartSignInResponse,
  type StartVerificationRequest,
  type StartVerificationResponse,
  VerificationServiceService,
  type VerifyContactRequest,
  type VerifyContactResponse,
} from '@regulars/contracts/members/v1/verification';
import { type Refusal, RpcController, type RpcHandlers, refusal } from '@regulars/service';
import { z } from 'zod';
import { idempotencyKey } from '../fields.js';
import { ContactsService } from '../members/contacts.service.js';
import { emailOf } from '../members/email.js';
import { mobileOf } from '../members/mobile.js';
import { callerFor, callerOf, malformed, pageIn, purposeOf, wellFormed } from '../requests.js';
import { type SignedIn, type Start, VerificationService, type Verified } from './verification.service.js';

const kindOf = { mobile: ContactKind.MOBILE, email: ContactKind.EMAIL } as const;
const kinds = z
  .enum(ContactKind, 'mobile or email')
  .exclude(['UNSPECIFIED', 'UNRECOGNIZED'], 'mobile or email')
  .transform((kind) => (kind === ContactKind.MOBILE ? ('mobile' as const) : ('email' as const)));
const contact = z.object({ kind: kinds, value: z.string().max(254) });
const startRequest = contact.extend({ memberId: z.uuid('a UUID'), idempotencyKey });

type Refused = Extract<Start | Verified | SignedIn, { outcome: 'refused' }>;

@Controller()
@RpcController(VerificationServiceService)
export class VerificationController implements RpcHandlers<typeof VerificationServiceService> {
  constructor(
    @Inject(VerificationService) private readonly verifications: VerificationService,
    @Inject(ContactsService) private readonly contacts: ContactsService,
  ) {}

  async startVerification(request: StartVerificationRequest, metadata: Metadata): Promise<StartVerificationResponse> {
    const wanted = wellFormed(startRequest, request);
    const value = wanted.value === '' ? '' : normalised(wanted);
    const started = await this.verifications.start(callerFor(wanted.memberId, metadata), { ...wanted, value });
    if (started.outcome === 'refused') throw no(started.reason);
    const { challengeId, replayed } = started;
    return { challengeId, replayed, expiresAt: new Date(started.expiresAt) };
  }

  async verifyContact(request: VerifyContactRequest, metadata: Metadata): Promise<VerifyContactResponse> {
    const { memberId, challengeId, code } = request;
    const verified = await this.verifications.verify(callerFor(memberId, metadata), memberId, challengeId, code);
    if (verified.outcome === 'refused') throw no(verified.reason);
    return { memberId, kind: kindOf[verified.kind], takenOver: verified.takenOver };
  }

  async startSignIn(request: StartSignInRequest): Promise<StartSignInResponse> {
    const wanted = wellFormed(contact, request);
    const started = await this.verifications.startSignIn(wanted.kind, normalised(wanted));
    if (started === 'TOO_MANY_CODES') throw no(started);
    return { challengeId: started.challengeId, expiresAt: new Date(started.expiresAt) };
  }

  async signIn({ challengeId, code }: SignInRequest): Promise<SignInResponse> {
    const signedIn = await this.verifications.signIn(challengeId, code);
    if (signedIn.outcome === 'refused') throw no(signedIn.reason);
    return { memberId: signedIn.memberId };
  }

  async getCode({ challengeId }: GetCodeRequest, metadata: Metadata): Promise<GetCodeResponse> {
    const caller = callerOf(metadata);
    if (caller.principal.kind !== 'service') throw refusal('PERMISSION_DENIED', 'SERVICES_ONLY');
    const code = await this.verifications.code(caller, challengeId);
    if (!code) throw no('CHALLENGE_UNKNOWN');
    return { ...code, kind: kindOf[code.kind] };
  }

  async listContactChanges(
    { memberId, purpose, page }: ListContactChangesRequest,
    metadata: Metadata,
  ): Promise<ListContactChangesResponse> {
    const wanted = pageIn(page, Number.isSafeInteger);
    const listed = await this.contacts.changes(callerFor(memberId, metadata), memberId, purposeOf(purpose), wanted);
    if (!listed) throw no('MEMBER_UNKNOWN');
    return { ...listed, changes: listed.changes.map((change) => ({ ...change, kind: kindOf[change.kind] })) };
  }
}

function normalised({ kind, value }: { kind: 'mobile' | 'email'; value: string }): string {
  const stored = kind === 'mobile' ? mobileOf(value) : emailOf(value);
  if (stored === undefined) {
    throw malformed('/value', kind === 'mobile' ? 'a mobile in E.164, such as +8613800138000' : 'an e-mail address');
  }
  return stored;
}

function no(reason: Refused['reason']): Refusal {
  switch (reason) {
    case 'MEMBER_UNKNOWN':
    case 'CHALLENGE_UNKNOWN':
      return refusal('NOT_FOUND', reason);
    case 'MOBILE_TAKEN':
    case 'EMAIL_TAKEN':
    case 'IDEMPOTENCY_KEY_REUSED':
      return refusal('ALREADY_EXISTS', reason);
    case 'TOO_MANY_CODES':
      return refusal('RESOURCE_EXHAUSTED', reason, { retryAfterS: 3_600 });
    case 'NO_CONTACT':
    case 'CODE_WRONG':
    case 'CODE_USED':
    case 'CODE_EXPIRED':
    case 'TOO_MANY_TRIES':
      return refusal('FAILED_PRECONDITION', reason);
  }
}
