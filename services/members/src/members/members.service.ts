import { Inject, Injectable } from '@nestjs/common';
import {
  type Birthday,
  type Contact,
  type Member,
  Member as MemberMessage,
  type MemberNature,
  memberNatureFromJSON,
  type Person,
  registrationChannelFromJSON,
} from '@regulars/contracts/members/v1/members';
import type { RepublishedEvent } from '@regulars/messaging';
import { CLOCK, type Clock, SETTINGS } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import type { Caller } from '../caller.js';
import type { MembersSettings } from '../members.config.js';
import { AccessLogService } from '../privacy/access-log.service.js';
import { mayReadClear, type Purpose } from '../privacy/clear-reads.js';
import { hashOfToken, type Sealing, VaultService } from '../privacy/vault.service.js';
import { isIdle } from '../verification/challenge.js';
import { birthdayOf } from './birthday.js';
import { masked } from './masking.js';
import { memberRegistered } from './members.js';
import {
  emailColumns,
  type FoundBy,
  findByMobiles,
  findMember,
  findMembers,
  hasMember,
  membersAfter,
  mergedInto,
  mobileColumns,
  type StoredMember,
} from './members.store.js';
import { mobileOf } from './mobile.js';

/** How a member is looked for, in the form in which it is stored. */
export interface Reference {
  readonly kind: 'number' | 'codeToken' | 'mobile' | 'email';
  readonly value: string;
}

/** A member by whose data key fields are sealed. */
export interface SealedMember {
  readonly memberId: string;
  readonly homeStoreId: string | null;
  readonly nature: MemberNature;
  readonly language: string;
  readonly sealing: Sealing;
  clearName(): string;
  /** Empty when there is none. */
  clearContact(kind: 'mobile' | 'email'): string;
}

export type ReadContacts =
  | { readonly outcome: 'read'; readonly contacts: Contact[] }
  | { readonly outcome: 'refused'; readonly reason: 'SERVICES_ONLY' };

const clearFields = ['code_token', 'name', 'mobile', 'email', 'birthday'];
const contactFields = ['name', 'mobile', 'email'];

@Injectable()
export class MembersService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(VaultService) private readonly vault: VaultService,
    @Inject(AccessLogService) private readonly accessLog: AccessLogService,
    @Inject(SETTINGS) private readonly settings: MembersSettings,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Reads a member, clear where role and purpose allow, which leaves a line in the access log (requirement M6).
   *
   * @param purpose undefined asks for masked data
   */
  async read(caller: Caller, memberId: string, purpose: Purpose | undefined): Promise<Member | undefined> {
    const stored = await this.find({ by: 'member_id', value: memberId });
    if (!stored) return undefined;
    if (!purpose || !mayReadClear(caller.principal, purpose, stored)) return this.maskedMember(stored);
    await this.accessLog.record(caller, [memberId], clearFields, purpose);
    return this.clearMember(stored);
  }

  async exists(memberId: string): Promise<boolean> {
    return isUuid(memberId) && (await hasMember(this.dataSource.manager, memberId));
  }

  /** What another room needs to seal and open fields of a member of its own. */
  async sealed(memberId: string, tx = this.dataSource.manager): Promise<SealedMember | undefined> {
    const stored = isUuid(memberId) ? await findMember(tx, { by: 'member_id', value: memberId }) : undefined;
    if (!stored) return undefined;
    const { homeStoreId, nature, language } = stored;
    const sealing = this.vault.sealingOf(stored);
    return {
      memberId,
      homeStoreId,
      nature: memberNatureFromJSON(nature),
      language,
      sealing,
      clearName: () => personOf(stored, sealing).name,
      clearContact: (kind) => personOf(stored, sealing)[kind],
    };
  }

  /** Everything of the record, in clear: for an export, and logged by whoever asks for that. */
  async clear(tx: EntityManager, memberId: string): Promise<object | undefined> {
    const stored = isUuid(memberId) ? await findMember(tx, { by: 'member_id', value: memberId }) : undefined;
    return stored && (MemberMessage.toJSON(this.clearMember(stored)) as object);
  }

  /** Members that were merged into one and are not erased. */
  mergedInto(tx: EntityManager, memberId: string): Promise<string[]> {
    return mergedInto(tx, memberId);
  }

  /** Who has a contact; who is left, where she was merged. */
  async idBy(kind: 'mobile' | 'email', value: string): Promise<string | undefined> {
    const stored = await this.find(this.foundBy(kind, value));
    return stored?.mergedInto ?? stored?.memberId;
  }

  /** Finds a member; masked (requirement M4). Who is left, where she was merged: old numbers and codes are good. */
  async findBy({ kind, value }: Reference): Promise<Member | undefined> {
    const found = await this.find(this.foundBy(kind, value));
    const stored = found?.mergedInto ? await this.find({ by: 'member_id', value: found.mergedInto }) : found;
    return stored && this.maskedMember(stored);
  }

  /** These members in this order, masked, those that exist and whose name fits. */
  async maskedOf(memberIds: readonly string[], fits: (name: string) => boolean = () => true): Promise<Member[]> {
    const stored = await findMembers(this.dataSource.manager, memberIds);
    const byId = new Map(stored.map((member) => [member.memberId, member]));
    return memberIds.flatMap((memberId) => {
      const member = byId.get(memberId);
      if (!member || !fits(this.vault.sealingOf(member).open('member.name', member.nameSealed))) return [];
      return [this.maskedMember(member)];
    });
  }

  /** What a member is told right after registering: masked, with the code that tills scan. */
  async registered(memberId: string, tx: EntityManager): Promise<Member> {
    const stored = await findMember(tx, { by: 'member_id', value: memberId });
    if (!stored) throw new Error('a member that was registered is not there');
    return { ...this.maskedMember(stored), codeToken: this.codeTokenOf(stored) };
  }

  /** The member id of each mobile, in order; empty where nobody has it. One query. */
  async resolveMobiles(mobiles: readonly string[]): Promise<string[]> {
    const indexes = mobiles.map((written) => {
      const mobile = mobileOf(written);
      return mobile && this.vault.blindIndex('mobile', mobile).toString('hex');
    });
    const wanted = [...new Set(indexes.filter((index) => index !== undefined))].map((index) =>
      Buffer.from(index, 'hex'),
    );
    const found = await findByMobiles(this.dataSource.manager, this.vault.slot, wanted);
    const idOf = new Map(found.map((row) => [row.mobileIndex.toString('hex'), row.memberId]));
    return indexes.map((index) => (index && idOf.get(index)) ?? '');
  }

  /** Where members are reached: clear, for services only, a line in the access log for each. */
  async contacts(caller: Caller, memberIds: readonly string[], purpose: string): Promise<ReadContacts> {
    if (caller.principal.kind !== 'service') return { outcome: 'refused', reason: 'SERVICES_ONLY' };
    const stored = await findMembers(this.dataSource.manager, memberIds);
    const ids = stored.map((member) => member.memberId);
    await this.accessLog.record(caller, ids, contactFields, purpose);
    return { outcome: 'read', contacts: stored.map((member) => this.contactOf(member)) };
  }

  /** Clear birthdays of members that are there and have told one; the caller logs what of it is told. */
  async birthdays(memberIds: readonly string[]): Promise<{ memberId: string; birthday: Birthday }[]> {
    const stored = await findMembers(this.dataSource.manager, memberIds);
    return stored.flatMap((member) => {
      const { memberId, birthdaySealed } = member;
      if (!birthdaySealed) return [];
      return [{ memberId, birthday: birthdayOf(this.vault.sealingOf(member).open('member.birthday', birthdaySealed)) }];
    });
  }

  /** The events of a page of registrations by member id, as they were published, from after `memberId`. */
  async registrationsAfter(memberId: string, limit: number): Promise<RepublishedEvent[]> {
    const rows = await membersAfter(this.dataSource.manager, memberId, limit);
    return rows.map((row) => memberRegistered(row));
  }

  private async find(by: FoundBy): Promise<StoredMember | undefined> {
    if (by.by === 'member_id' && !isUuid(by.value)) return undefined;
    return findMember(this.dataSource.manager, by);
  }

  private foundBy(kind: Reference['kind'], value: string): FoundBy {
    switch (kind) {
      case 'number':
        return { by: 'number', value };
      case 'codeToken':
        return { by: 'code_token_sha256', value: hashOfToken(value) };
      case 'mobile':
        return { by: mobileColumns[this.vault.slot], value: this.vault.blindIndex('mobile', value) };
      case 'email':
        return { by: emailColumns[this.vault.slot], value: this.vault.blindIndex('email', value) };
    }
  }

  private clearMember(stored: StoredMember): Member {
    const person = personOf(stored, this.vault.sealingOf(stored));
    const plain = plainPart(stored, this.needsVerification(stored));
    return { ...plain, codeToken: this.codeTokenOf(stored), person, masked: false };
  }

  private maskedMember(stored: StoredMember): Member {
    const person = masked(personOf(stored, this.vault.sealingOf(stored)));
    return { ...plainPart(stored, this.needsVerification(stored)), codeToken: '', person, masked: true };
  }

  /** A mobile that somebody else had, or that a member has who was not here for long. */
  private needsVerification({ mobileSealed, mobileIndex, mobileIndex1, seenAt }: StoredMember): boolean {
    if (!mobileSealed) return false;
    const isHeld = (mobileIndex ?? mobileIndex1) !== null;
    return !isHeld || isIdle(seenAt, this.settings.MOBILE_IDLE_DAYS, this.clock.now());
  }

  private contactOf(stored: StoredMember): Contact {
    const { name, mobile, email } = personOf(stored, this.vault.sealingOf(stored));
    return { memberId: stored.memberId, name, mobile, email, language: stored.language };
  }

  private codeTokenOf(stored: StoredMember): string {
    return this.vault.sealingOf(stored).open('member.code_token', stored.codeTokenSealed);
  }
}

function personOf(stored: StoredMember, sealing: Sealing): Person {
  const { nameSealed, mobileSealed, emailSealed, birthdaySealed } = stored;
  return {
    name: sealing.open('member.name', nameSealed),
    mobile: mobileSealed ? sealing.open('member.mobile', mobileSealed) : '',
    email: emailSealed ? sealing.open('member.email', emailSealed) : '',
    birthday: birthdaySealed ? birthdayOf(sealing.open('member.birthday', birthdaySealed)) : undefined,
  };
}

function plainPart(stored: StoredMember, needsVerification: boolean): Omit<Member, 'codeToken' | 'person' | 'masked'> {
  return {
    memberId: stored.memberId,
    number: stored.number,
    nature: memberNatureFromJSON(stored.nature),
    language: stored.language,
    homeStoreId: stored.homeStoreId ?? '',
    acceptances: stored.acceptances.map(({ notice, version, channel, acceptedAt, ...recording }) => ({
      notice,
      version,
      channel: registrationChannelFromJSON(channel),
      acceptedAt: new Date(acceptedAt),
      ...(recording.recordedAt !== null && { recordedAt: new Date(recording.recordedAt) }),
      ...(recording.recordedBy !== null && { recordedBy: recording.recordedBy }),
      ...(recording.recordedFrom !== null && { recordedFrom: recording.recordedFrom }),
    })),
    registeredAt: stored.registeredAt,
    tags: [...stored.tags],
    mobileVerifiedAt: stored.mobileVerifiedAt ?? undefined,
    emailVerifiedAt: stored.emailVerifiedAt ?? undefined,
    mobileVerificationNeeded: needsVerification,
    restrictedSince: stored.restrictedSince ?? undefined,
    mergedInto: stored.mergedInto ?? '',
    mergedIds: [...stored.mergedIds],
  };
}
