import { Inject, Injectable } from '@nestjs/common';
import { type Acceptance, memberNatureToJSON, registrationChannelToJSON } from '@regulars/contracts/members/v1/members';
import { appendToOutbox, Outbox } from '@regulars/messaging';
import { CLOCK, type Clock, mayActFor, once, SETTINGS } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Caller } from '../caller.js';
import type { MembersSettings } from '../members.config.js';
import { hashOfToken, type Sealing, VaultService } from '../privacy/vault.service.js';
import { isIdle } from '../verification/challenge.js';
import { birthdayText } from './birthday.js';
import { holderOf } from './contacts.store.js';
import { memberRegistered } from './members.js';
import { MembersService } from './members.service.js';
import {
  type AcceptanceRow,
  addAcceptances,
  addKey,
  addMember,
  addNameIndexes,
  type MemberRow,
  nextNumber,
  type Recording,
} from './members.store.js';
import { beginningsOf } from './names.js';
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
    @Inject(MembersService) private readonly members: MembersService,
    @Inject(VaultService) private readonly vault: VaultService,
    @Inject(SETTINGS) private readonly settings: MembersSettings,
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
    const fingerprint = this.vault.fingerprint(body);
    const write = { caller: principal.sub, route: 'RegisterMember', key: idempotencyKey, body: fingerprint };
    const done = await this.dataSource.transaction((tx) => once(tx, write, () => this.add(tx, caller, registration)));
    this.outbox.wake();
    if (done.outcome === 'refused') return done;
    return done.result.outcome === 'refused' ? done.result : { ...done.result, replayed: done.replayed };
  }

  /**
   * Notes further versions that a member accepted, and who noted it (requirement M1). Safe to repeat under its key.
   *
   * @returns all that she accepted; undefined when there is no such member
   */
  async accept(
    caller: Caller,
    memberId: string,
    accepted: Registration['acceptances'],
    key: string | undefined,
  ): Promise<Acceptance[] | 'IDEMPOTENCY_KEY_REUSED' | undefined> {
    if (!(await this.members.exists(memberId))) return undefined;
    const rows = accepted.map(acceptanceRow);
    const write = { caller: caller.principal.sub, route: 'AcceptNotices', key, body: { memberId, rows } };
    const done = await this.dataSource.transaction((tx) =>
      once(tx, write, async () => {
        await addAcceptances(tx, memberId, rows, this.recordingBy(caller));
        return {};
      }),
    );
    if (done.outcome === 'refused') return done.reason;
    return (await this.members.registered(memberId)).acceptances;
  }

  private recordingBy({ principal }: Caller): Recording {
    return { at: this.clock.now(), by: principal.sub, from: principal.kind };
  }

  private async add(tx: EntityManager, caller: Caller, registration: Registration): Promise<Added> {
    const memberId = uuidv7();
    const { wrapped, sealing } = this.vault.newKey(memberId);
    const row = this.rowOf(memberId, await nextNumber(tx), registration, sealing);
    const isRecycled = await this.isHeldByNobodyHere(tx, row);
    const member = isRecycled ? { ...row, mobileIndex: null, mobileIndex1: null } : row;
    if (!(await addMember(tx, member))) {
      const holder = await holderOf(tx, 'mobile', [member.mobileIndex, member.mobileIndex1]);
      return { outcome: 'refused', reason: holder ? 'MOBILE_TAKEN' : 'EMAIL_TAKEN' };
    }
    await addKey(tx, wrapped);
    await addNameIndexes(tx, this.nameIndexes(memberId, registration.person.name));
    await addAcceptances(tx, memberId, registration.acceptances.map(acceptanceRow), this.recordingBy(caller));
    const event = memberRegistered(member);
    await appendToOutbox(tx, [caller.traceparent ? { ...event, traceparent: caller.traceparent } : event]);
    return { outcome: 'registered', memberId };
  }

  /** Whether somebody has the mobile who was not here for long: it is then written down, and held once it is verified. */
  private async isHeldByNobodyHere(tx: EntityManager, member: MemberRow): Promise<boolean> {
    const holder = await holderOf(tx, 'mobile', [member.mobileIndex, member.mobileIndex1]);
    return holder !== undefined && isIdle(holder.seenAt, this.settings.MOBILE_IDLE_DAYS, this.clock.now());
  }

  private rowOf(memberId: string, sequence: number, registration: Registration, sealing: Sealing): MemberRow {
    const { name, mobile, email, birthday } = registration.person;
    const codeToken = this.vault.newCodeToken();
    const [mobileIndex = null, mobileIndex1 = null] = mobile ? this.vault.blindIndexes('mobile', mobile) : [];
    const [emailIndex = null, emailIndex1 = null] = email ? this.vault.blindIndexes('email', email) : [];
    return {
      memberId,
      number: memberNumber(sequence),
      codeTokenSha256: hashOfToken(codeToken),
      codeTokenSealed: sealing.seal('member.code_token', codeToken),
      nameSealed: sealing.seal('member.name', name),
      mobileSealed: mobile ? sealing.seal('member.mobile', mobile) : null,
      mobileIndex,
      mobileIndex1,
      emailSealed: email ? sealing.seal('member.email', email) : null,
      emailIndex,
      emailIndex1,
      indexSlots: this.vault.filledSlots,
      birthdaySealed: birthday ? sealing.seal('member.birthday', birthdayText(birthday)) : null,
      nature: memberNatureToJSON(registration.nature),
      language: registration.language,
      homeStoreId: registration.homeStoreId || null,
      channel: registrationChannelToJSON(registration.channel),
      registeredAt: this.clock.now(),
      registeredEventId: uuidv7(),
    };
  }

  private nameIndexes(memberId: string, name: string) {
    return this.vault.nameIndexes(beginningsOf(name)).map((row) => ({ ...row, memberId }));
  }
}

function acceptanceRow({ acceptedAt, channel, ...accepted }: Registration['acceptances'][number]): AcceptanceRow {
  return { ...accepted, channel: registrationChannelToJSON(channel), acceptedAt: acceptedAt.toISOString() };
}
