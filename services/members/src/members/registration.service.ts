import { Inject, Injectable } from '@nestjs/common';
import {
  type Acceptance,
  type Member,
  memberNatureToJSON,
  registrationChannelToJSON,
} from '@regulars/contracts/members/v1/members';
import { appendToOutbox, Outbox } from '@regulars/messaging';
import { CLOCK, type Clock, inTransaction, mayActFor, once, SETTINGS } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Caller } from '../caller.js';
import type { MembersSettings } from '../members.config.js';
import { hashOfToken, type Sealing, VaultService } from '../privacy/vault.service.js';
import { isIdle } from '../verification/challenge.js';
import { birthdayText } from './birthday.js';
import { holderOf, holdersOf } from './contacts.store.js';
import { memberRegistered } from './members.js';
import { MembersService } from './members.service.js';
import {
  type AcceptanceRow,
  addAcceptances,
  addKey,
  addKeys,
  addManyAcceptances,
  addMember,
  addMembers,
  addNameIndexes,
  type MemberRow,
  nextNumber,
  nextNumbers,
  type Recording,
} from './members.store.js';
import { beginningsOf } from './names.js';
import { memberNumber } from './numbers.js';
import type { Registration } from './registration.js';

/** What contacts are looked up by. */
type ContactIndexes = Pick<MemberRow, 'mobileIndex' | 'mobileIndex1' | 'emailIndex' | 'emailIndex1'>;

export type Added =
  | { readonly outcome: 'registered'; readonly memberId: string }
  | { readonly outcome: 'refused'; readonly reason: 'MOBILE_TAKEN' | 'EMAIL_TAKEN' };

export type Register =
  | { readonly outcome: 'registered'; readonly member: Member; readonly replayed: boolean }
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
    const registered = await inTransaction(this.dataSource, caller.isDryRun, async (tx): Promise<Register> => {
      const done = await once(tx, write, () => this.add(tx, caller, registration));
      if (done.outcome === 'refused') return done;
      if (done.result.outcome === 'refused') return done.result;
      const member = await this.members.registered(done.result.memberId, tx);
      return { outcome: 'registered', member, replayed: done.replayed };
    });
    this.outbox.wake();
    return registered;
  }

  /**
   * Registers many in the caller's transaction, in a few statements; each stands or falls alone, and of two that have the
   * same contact the first is registered (requirement M1). `wake` after the commit.
   *
   * @returns what became of each, in order
   */
  async addMany(tx: EntityManager, recording: Recording, drafts: readonly Registration[]): Promise<Added[]> {
    if (drafts.length === 0) return [];
    const numbers = await nextNumbers(tx, drafts.length);
    const made = drafts.map((draft, at) => {
      const memberId = uuidv7();
      const { wrapped, sealing } = this.vault.newKey(memberId);
      return { draft, wrapped, row: this.rowOf(memberId, numbers[at] as number, draft, sealing) };
    });
    const decided = await this.decideMany(
      tx,
      made.map(({ row }) => row),
    );
    const rows = decided.flatMap((each) => ('row' in each ? [each.row] : []));
    const added = rows.length > 0 ? await addMembers(tx, rows) : new Set<string>();
    const fresh = made.filter(({ row }) => added.has(row.memberId));
    if (fresh.length > 0) {
      await addKeys(
        tx,
        fresh.map(({ wrapped }) => wrapped),
      );
      await addNameIndexes(
        tx,
        fresh.flatMap(({ draft, row }) => this.nameIndexes(row.memberId, draft.person.name)),
      );
      await addManyAcceptances(
        tx,
        fresh.flatMap(({ draft, row: { memberId } }) =>
          draft.acceptances.map((accepted) => ({ ...acceptanceRow(accepted), memberId })),
        ),
        recording,
      );
      await appendToOutbox(tx, rows.filter(({ memberId }) => added.has(memberId)).map(memberRegistered));
    }
    return decided.map((each): Added => {
      if ('reason' in each) return { outcome: 'refused', reason: each.reason };
      const { memberId } = each.row;
      // Somebody else registered the contact a moment ago.
      return added.has(memberId) ? { outcome: 'registered', memberId } : { outcome: 'refused', reason: 'MOBILE_TAKEN' };
    });
  }

  /** What `addMany` would answer as things stand, registering nobody. */
  async tryMany(tx: EntityManager, drafts: readonly Registration[]): Promise<Added[]> {
    const rows = drafts.map(({ person: { mobile, email } }) => this.contactIndexes(mobile, email));
    const decided = await this.decideMany(tx, rows);
    return decided.map((each) =>
      'row' in each ? { outcome: 'registered', memberId: '' } : { outcome: 'refused', reason: each.reason },
    );
  }

  /** There are registrations to be announced. */
  wake(): void {
    this.outbox.wake();
  }

  /** Which of some have contacts that nobody else has, in two queries; a mobile of somebody idle is not held. */
  private async decideMany<Row extends ContactIndexes>(
    tx: EntityManager,
    rows: readonly Row[],
  ): Promise<({ readonly row: Row } | { readonly reason: 'MOBILE_TAKEN' | 'EMAIL_TAKEN' })[]> {
    const mobilesOf = ({ mobileIndex, mobileIndex1 }: Row) => [mobileIndex, mobileIndex1];
    const emailsOf = ({ emailIndex, emailIndex1 }: Row) => [emailIndex, emailIndex1];
    const mobiles = await holdersOf(tx, 'mobile', rows.map(mobilesOf));
    const emails = await holdersOf(tx, 'email', rows.map(emailsOf));
    const now = this.clock.now();
    return rows.map((row) => {
      const [own, ownEmails] = [hexOf(mobilesOf(row)), hexOf(emailsOf(row))];
      const seenAt = own.map((index) => mobiles.get(index)).find((each) => each !== undefined);
      const isRecycled = seenAt !== undefined && isIdle(seenAt, this.settings.MOBILE_IDLE_DAYS, now);
      if (seenAt && !isRecycled) return { reason: 'MOBILE_TAKEN' };
      if (ownEmails.some((index) => emails.has(index))) return { reason: 'EMAIL_TAKEN' };
      if (!isRecycled) for (const index of own) mobiles.set(index, now);
      for (const index of ownEmails) emails.set(index, now);
      return { row: isRecycled ? { ...row, mobileIndex: null, mobileIndex1: null } : row };
    });
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
    return inTransaction(this.dataSource, caller.isDryRun, async (tx) => {
      const done = await once(tx, write, async () => {
        await addAcceptances(tx, memberId, rows, this.recordingBy(caller));
        return {};
      });
      if (done.outcome === 'refused') return done.reason;
      return (await this.members.registered(memberId, tx)).acceptances;
    });
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
    return {
      memberId,
      number: memberNumber(sequence),
      codeTokenSha256: hashOfToken(codeToken),
      codeTokenSealed: sealing.seal('member.code_token', codeToken),
      nameSealed: sealing.seal('member.name', name),
      mobileSealed: mobile ? sealing.seal('member.mobile', mobile) : null,
      emailSealed: email ? sealing.seal('member.email', email) : null,
      ...this.contactIndexes(mobile, email),
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

  private contactIndexes(mobile: string, email: string): ContactIndexes {
    const [mobileIndex = null, mobileIndex1 = null] = mobile ? this.vault.blindIndexes('mobile', mobile) : [];
    const [emailIndex = null, emailIndex1 = null] = email ? this.vault.blindIndexes('email', email) : [];
    return { mobileIndex, mobileIndex1, emailIndex, emailIndex1 };
  }

  private nameIndexes(memberId: string, name: string) {
    return this.vault.nameIndexes(beginningsOf(name)).map((row) => ({ ...row, memberId }));
  }
}

function hexOf(indexes: readonly (Buffer | null)[]): string[] {
  return indexes.flatMap((index) => index?.toString('hex') ?? []);
}

function acceptanceRow({ acceptedAt, channel, ...accepted }: Registration['acceptances'][number]): AcceptanceRow {
  return { ...accepted, channel: registrationChannelToJSON(channel), acceptedAt: acceptedAt.toISOString() };
}
