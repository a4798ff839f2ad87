import { Inject, Injectable } from '@nestjs/common';
import { MemberContactChanged } from '@regulars/contracts/members/v1/members_events';
import { appendToOutbox, type OutboxEvent } from '@regulars/messaging';
import { CLOCK, type Clock, cutPage, type Page, SETTINGS } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Caller } from '../caller.js';
import type { MembersSettings } from '../members.config.js';
import { AccessLogService } from '../privacy/access-log.service.js';
import { mayReadClear, type Purpose } from '../privacy/clear-reads.js';
import { VaultService } from '../privacy/vault.service.js';
import { type ContactKind, isIdle } from '../verification/challenge.js';
import {
  addContactChange,
  type ContactChangeRow,
  contactChangesOf,
  holdContact,
  holderOf,
  lockMembers,
  releaseContact,
  seen,
} from './contacts.store.js';
import { maskedEmail } from './email.js';
import { memberTopic } from './members.js';
import { MembersService, type SealedMember } from './members.service.js';
import { maskedMobile } from './mobile.js';

export type Taking =
  | { readonly outcome: 'taken'; readonly takenOver: boolean }
  | { readonly outcome: 'refused'; readonly reason: 'MOBILE_TAKEN' | 'EMAIL_TAKEN' | 'MEMBER_UNKNOWN' };

/** A change of a contact as somebody may see it. */
export interface ContactChange extends Pick<ContactChangeRow, 'kind' | 'changedAt' | 'changedBy' | 'changedFrom'> {
  readonly oldValue: string;
  readonly newValue: string;
  readonly reason: string;
}

/** Mobiles and e-mails as they change hands (requirements M2, M3). */
@Injectable()
export class ContactsService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(SETTINGS) private readonly settings: MembersSettings,
    @Inject(VaultService) private readonly vault: VaultService,
    @Inject(MembersService) private readonly members: MembersService,
    @Inject(AccessLogService) private readonly accessLog: AccessLogService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Whether somebody else holds a contact who was here lately; who was not may have lost it. */
  async isTaken(tx: EntityManager, kind: ContactKind, value: string, memberId: string): Promise<boolean> {
    const holder = await holderOf(tx, kind, this.vault.blindIndexes(kind, value));
    if (!holder || holder.memberId === memberId) return false;
    return kind === 'email' || !isIdle(holder.seenAt, this.settings.MOBILE_IDLE_DAYS, this.clock.now());
  }

  /**
   * Gives a member a contact that she proved to have: instead of the one she had, and away from whoever held it and has
   * not been here for long. Both histories tell.
   */
  async take(
    tx: EntityManager,
    caller: Caller,
    member: SealedMember,
    contact: { kind: ContactKind; value: string },
  ): Promise<Taking> {
    const { kind, value } = contact;
    const { memberId } = member;
    const now = this.clock.now();
    const indexes = this.vault.blindIndexes(kind, value);
    const holder = await holderOf(tx, kind, indexes);
    const isOthers = holder !== undefined && holder.memberId !== memberId;
    const locked = await lockMembers(tx, isOthers ? [memberId, holder.memberId] : [memberId]);
    const mine = locked.find((row) => row.memberId === memberId);
    if (!mine) return { outcome: 'refused', reason: 'MEMBER_UNKNOWN' };
    if (isOthers) {
      if (await this.isTaken(tx, kind, value, memberId)) {
        return { outcome: 'refused', reason: kind === 'mobile' ? 'MOBILE_TAKEN' : 'EMAIL_TAKEN' };
      }
      await this.release(tx, caller, holder.memberId, contact, now);
    }
    const sealed = kind === 'mobile' ? mine.mobileSealed : mine.emailSealed;
    const before = sealed && member.sealing.open(`member.${kind}`, sealed);
    const slots = this.vault.filledSlots;
    await holdContact(tx, kind, {
      memberId,
      sealed: member.sealing.seal(`member.${kind}`, value),
      indexes,
      slots,
      at: now,
    });
    if (before !== value) {
      const seal = (clear: string | null) => (clear ? member.sealing.seal('contact_change.value', clear) : null);
      const row = { memberId, kind, oldSealed: seal(before), newSealed: seal(value), reason: 'changed' };
      await addContactChange(tx, { ...row, ...madeBy(caller, now) });
    }
    await appendToOutbox(tx, [contactChanged(memberId, kind, before === value ? 'verified' : 'changed', now)]);
    return { outcome: 'taken', takenOver: isOthers };
  }

  /** The member said that what stands there is right: the history tells who noted it. */
  async confirmed(tx: EntityManager, caller: Caller, member: SealedMember, at: Date): Promise<void> {
    for (const kind of ['mobile', 'email'] as const) {
      const value = member.clearContact(kind);
      if (value === '') continue;
      const sealed = member.sealing.seal('contact_change.value', value);
      const row = { memberId: member.memberId, kind, oldSealed: sealed, newSealed: sealed, reason: 'confirmed' };
      await addContactChange(tx, { ...row, ...madeBy(caller, at) });
    }
  }

  /** There was a sign of life of the member. */
  async seen(tx: EntityManager, memberId: string): Promise<void> {
    await seen(tx, memberId, this.clock.now());
  }

  /** How contacts changed, newest first; undefined when there is no such member. Clear values are logged. */
  async changes(caller: Caller, memberId: string, purpose: Purpose | undefined, page: Page) {
    const member = await this.members.sealed(memberId);
    if (!member) return undefined;
    const clear = purpose !== undefined && mayReadClear(caller.principal, purpose, member);
    if (clear) await this.accessLog.record(caller, [memberId], ['contact_changes'], purpose);
    const rows = await contactChangesOf(this.dataSource.manager, memberId, page);
    const { page: shown, nextCursor } = cutPage(rows, page.limit, (row) => [row.change]);
    const told = (kind: ContactKind, sealed: Buffer | null) => {
      const value = sealed ? member.sealing.open('contact_change.value', sealed) : '';
      if (clear || value === '') return value;
      return kind === 'mobile' ? maskedMobile(value) : maskedEmail(value);
    };
    const changes: ContactChange[] = shown.map(({ kind, oldSealed, newSealed, ...row }) => ({
      ...row,
      kind,
      oldValue: told(kind, oldSealed),
      newValue: told(kind, newSealed),
    }));
    return { changes, nextCursor, masked: !clear };
  }

  private async release(
    tx: EntityManager,
    caller: Caller,
    holderId: string,
    { kind, value }: { kind: ContactKind; value: string },
    now: Date,
  ): Promise<void> {
    const holder = await this.members.sealed(holderId, tx);
    await releaseContact(tx, holderId, kind);
    const oldSealed = holder?.sealing.seal('contact_change.value', value) ?? null;
    const row = { memberId: holderId, kind, oldSealed, newSealed: null, reason: 'taken-over' };
    await addContactChange(tx, { ...row, ...madeBy(caller, now) });
    await appendToOutbox(tx, [contactChanged(holderId, kind, 'taken-over', now)]);
  }
}

function madeBy({ principal }: Caller, now: Date) {
  return { changedAt: now, changedBy: principal.sub, changedFrom: principal.kind };
}

function contactChanged(memberId: string, kind: ContactKind, reason: string, changedAt: Date): OutboxEvent {
  return {
    id: uuidv7(),
    topic: memberTopic,
    key: memberId,
    type: 'regulars.members.v1.MemberContactChanged',
    payload: MemberContactChanged.toJSON({
      memberId,
      kind,
      reason,
      changedAt,
      hasEmail: kind === 'email' ? reason !== 'taken-over' : undefined,
    }) as object,
  };
}
