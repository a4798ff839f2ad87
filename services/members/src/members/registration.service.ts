import { Inject, Injectable } from '@nestjs/common';
import { memberNatureToJSON, registrationChannelToJSON } from '@regulars/contracts/members/v1/members';
import { appendToOutbox, Outbox } from '@regulars/messaging';
import { CLOCK, type Clock, fingerprintOf, mayActFor, once } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Caller } from '../caller.js';
import { hashOfToken, type Sealing, VaultService } from '../privacy/vault.service.js';
import { birthdayText } from './birthday.js';
import { memberRegistered } from './members.js';
import { addAcceptances, addKey, addMember, hasMobile, type MemberRow, nextNumber } from './members.store.js';
import { memberNumber } from './numbers.js';
import type { Registration } from './registration.js';

type Added =
  | { readonly outcome: 'registered'; readonly memberId: string }
  | { readonly outcome: 'refused'; readonly reason: 'MOBILE_TAKEN' | 'EMAIL_TAKEN' };

export type Register =
  | { readonly outcome: 'registered'; readonly memberId: string; readonly replayed: boolean }
  | {
      readonly outcome: 'refused';
      readonly reason: 'MOBILE_TAKEN' | 'EMAIL_TAKEN' | 'IDEMPOTENCY_KEY_REUSED' | 'STORE_NOT_ALLOWED';
    };

@Injectable()
export class RegistrationService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(VaultService) private readonly vault: VaultService,
    @Inject(Outbox) private readonly outbox: Outbox,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Registers a member (requirements M1, M2). Safe to repeat: the idempotency key answers the first answer. Two
   * registrations of one mobile meet in its unique index: one waits for the other and is refused.
   */
  async register(caller: Caller, registration: Registration): Promise<Register> {
    const { principal } = caller;
    const { idempotencyKey, ...body } = registration;
    if (body.homeStoreId && !mayActFor(principal, body.homeStoreId)) {
      return { outcome: 'refused', reason: 'STORE_NOT_ALLOWED' };
    }
    // A plain hash of a registration could be searched for a mobile; what stands in the idempotency row is keyed.
    const keyed = this.vault.blindIndex('registration', fingerprintOf(body));
    const write = { caller: principal.sub, route: 'RegisterMember', key: idempotencyKey, body: keyed };
    const done = await this.dataSource.transaction((tx) => once(tx, write, () => this.add(tx, caller, registration)));
    this.outbox.wake();
    if (done.outcome === 'refused') return done;
    return done.result.outcome === 'refused' ? done.result : { ...done.result, replayed: done.replayed };
  }

  private async add(tx: EntityManager, caller: Caller, registration: Registration): Promise<Added> {
    const memberId = uuidv7();
    const { wrapped, sealing } = this.vault.newKey(memberId);
    const member = this.rowOf(memberId, await nextNumber(tx), registration, sealing);
    if (!(await addMember(tx, member))) {
      const mobileTaken = await hasMobile(tx, member.mobileIndex);
      return { outcome: 'refused', reason: mobileTaken ? 'MOBILE_TAKEN' : 'EMAIL_TAKEN' };
    }
    await addKey(tx, wrapped);
    const accepted = registration.acceptances.map(({ notice, version, channel, acceptedAt }) => ({
      notice,
      version,
      channel: registrationChannelToJSON(channel),
      acceptedAt: acceptedAt.toISOString(),
    }));
    await addAcceptances(tx, memberId, accepted);
    const event = memberRegistered(member);
    await appendToOutbox(tx, [caller.traceparent ? { ...event, traceparent: caller.traceparent } : event]);
    return { outcome: 'registered', memberId };
  }

  private rowOf(memberId: string, sequence: number, registration: Registration, sealing: Sealing): MemberRow {
    const { name, mobile, email, birthday } = registration.person;
    const codeToken = this.vault.newCodeToken();
    return {
      memberId,
      number: memberNumber(sequence),
      codeTokenSha256: hashOfToken(codeToken),
      codeTokenSealed: sealing.seal('member.code_token', codeToken),
      nameSealed: sealing.seal('member.name', name),
      mobileSealed: mobile ? sealing.seal('member.mobile', mobile) : null,
      mobileIndex: mobile ? this.vault.blindIndex('mobile', mobile) : null,
      emailSealed: email ? sealing.seal('member.email', email) : null,
      emailIndex: email ? this.vault.blindIndex('email', email) : null,
      birthdaySealed: birthday ? sealing.seal('member.birthday', birthdayText(birthday)) : null,
      nature: memberNatureToJSON(registration.nature),
      language: registration.language,
      homeStoreId: registration.homeStoreId || null,
      channel: registrationChannelToJSON(registration.channel),
      registeredAt: this.clock.now(),
      registeredEventId: uuidv7(),
    };
  }
}
