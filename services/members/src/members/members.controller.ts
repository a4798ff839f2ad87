import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import {
  type FindMemberRequest,
  type FindMemberResponse,
  type GetContactsRequest,
  type GetContactsResponse,
  type GetMemberRequest,
  type GetMemberResponse,
  MemberServiceService,
  type RegisterMemberRequest,
  type RegisterMemberResponse,
  type ResolveMobilesRequest,
  type ResolveMobilesResponse,
} from '@regulars/contracts/members/v1/members';
import {
  CLOCK,
  type Clock,
  type Refusal,
  RpcController,
  type RpcHandlers,
  refusal,
  TakesDryRuns,
} from '@regulars/service';
import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import { callerFor, callerOf, malformed, purposeOf, wellFormed } from '../requests.js';
import { emailOf } from './email.js';
import { MembersService, type Reference } from './members.service.js';
import { mobileOf } from './mobile.js';
import { isMemberNumber } from './numbers.js';
import { registration } from './registration.js';
import { type Register, RegistrationService } from './registration.service.js';

const mostMobiles = 256;

const contactsRequest = z.object({
  memberIds: z.array(z.uuid('a UUID')).max(200, 'at most 200'),
  purpose: z
    .string()
    .regex(/^[a-z][a-z0-9-]*(:[a-z0-9-]+)*$/, 'a purpose such as message:points-earned')
    .max(100),
});

@Controller()
@RpcController(MemberServiceService)
export class MembersController implements RpcHandlers<typeof MemberServiceService> {
  constructor(
    @Inject(RegistrationService) private readonly registrations: RegistrationService,
    @Inject(MembersService) private readonly members: MembersService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @TakesDryRuns()
  async registerMember(request: RegisterMemberRequest, metadata: Metadata): Promise<RegisterMemberResponse> {
    const now = this.clock.now();
    const today = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO('UTC').toPlainDate();
    const draft = wellFormed(registration({ now, today }), request);
    const result = await this.registrations.register(callerOf(metadata), draft);
    switch (result.outcome) {
      case 'registered':
        return { member: result.member, replayed: result.replayed };
      case 'refused':
        throw no(result.reason);
    }
  }

  async getMember({ memberId, purpose }: GetMemberRequest, metadata: Metadata): Promise<GetMemberResponse> {
    const member = await this.members.read(callerFor(memberId, metadata), memberId, purposeOf(purpose));
    if (!member) throw refusal('NOT_FOUND', 'MEMBER_UNKNOWN');
    return { member };
  }

  async findMember({ by }: FindMemberRequest): Promise<FindMemberResponse> {
    const member = await this.members.findBy(referenceOf(by));
    if (!member) throw refusal('NOT_FOUND', 'MEMBER_UNKNOWN');
    return { member };
  }

  async resolveMobiles({ mobiles }: ResolveMobilesRequest): Promise<ResolveMobilesResponse> {
    if (mobiles.length > mostMobiles) throw malformed('/mobiles', `at most ${mostMobiles}`);
    return { memberIds: await this.members.resolveMobiles(mobiles) };
  }

  async getContacts(request: GetContactsRequest, metadata: Metadata): Promise<GetContactsResponse> {
    const { memberIds, purpose } = wellFormed(contactsRequest, request);
    const result = await this.members.contacts(callerOf(metadata), memberIds, purpose);
    switch (result.outcome) {
      case 'read':
        return { contacts: result.contacts };
      case 'refused':
        throw refusal('PERMISSION_DENIED', result.reason);
    }
  }
}

function referenceOf(by: FindMemberRequest['by']): Reference {
  switch (by?.$case) {
    case undefined:
      throw malformed('', 'a number, a code token, a mobile or an e-mail');
    case 'number':
      if (!isMemberNumber(by.value)) throw malformed('/number', 'a member number: its check digit does not fit');
      return { kind: 'number', value: by.value };
    case 'codeToken':
      return { kind: 'codeToken', value: by.value };
    case 'mobile': {
      const mobile = mobileOf(by.value);
      if (!mobile) throw malformed('/mobile', 'a mobile in E.164, such as +8613800138000');
      return { kind: 'mobile', value: mobile };
    }
    case 'email': {
      const email = emailOf(by.value);
      if (!email) throw malformed('/email', 'an e-mail address');
      return { kind: 'email', value: email };
    }
  }
}

function no(reason: Extract<Register, { outcome: 'refused' }>['reason']): Refusal {
  switch (reason) {
    case 'MOBILE_TAKEN':
    case 'EMAIL_TAKEN':
    case 'IDEMPOTENCY_KEY_REUSED':
      return refusal('ALREADY_EXISTS', reason);
    case 'STORE_NOT_ALLOWED':
      return refusal('PERMISSION_DENIED', reason);
  }
}
