import { Inject, Injectable } from '@nestjs/common';
import type { Member } from '@regulars/contracts/members/v1/members';
import { MemberConfirmationAsked } from '@regulars/contracts/members/v1/members_events';
import { appendToOutbox, Outbox, type OutboxEvent } from '@regulars/messaging';
import {
  CLOCK,
  type Clock,
  cutPage,
  inTransaction,
  type Once,
  once,
  type Page,
  type Principal,
} from '@regulars/service';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Caller } from '../caller.js';
import { ContactsService } from '../members/contacts.service.js';
import { memberTopic } from '../members/members.js';
import { MembersService } from '../members/members.service.js';
import { beginsLike, lookedFor } from '../members/names.js';
import { VaultService } from '../privacy/vault.service.js';
import {
  confirm,
  findTags,
  lockTags,
  noteAsked,
  replaceTags,
  type StoredTags,
  search,
  staleSince,
} from './directory.store.js';
import type { Search } from './filters.js';

const dayMs = 86_400_000;
/** So long a member who was asked, or who confirmed, is left alone. */
const askAgainDays = 30;

/** Tags to be stored. */
export interface NewTags {
  readonly memberId: string;
  readonly tags: readonly string[];
  /** The version that was read; undefined to replace whichever stands. */
  readonly expectedVersion?: number | undefined;
}

export type SetTags =
  | ({ readonly outcome: 'set'; readonly replayed: boolean } & StoredTags)
  | {
      readonly outcome: 'refused';
      readonly reason: 'MEMBER_UNKNOWN' | 'VERSION_CHANGED' | 'IDEMPOTENCY_KEY_REUSED';
    };

/** Lists of members (requirements M3, M4). */
@Injectable()
export class DirectoryService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(MembersService) private readonly members: MembersService,
    @Inject(VaultService) private readonly vault: VaultService,
    @Inject(ContactsService) private readonly contacts: ContactsService,
    @Inject(Outbox) private readonly outbox: Outbox,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Members that fit, masked; those of the principal's stores. */
  async search(principal: Principal, { namePrefix, homeStoreId, tag, tier }: Search, page: Page) {
    const sought = {
      slot: this.vault.slot,
      nameIndexes: lookedFor(namePrefix).map((beginning) => this.vault.nameIndex(beginning)),
      homeStoreId: homeStoreId || undefined,
      tag: tag || undefined,
      tier: tier || undefined,
      stores: storesOf(principal),
    };
    const found = await search(this.dataSource.manager, sought, page);
    const { page: memberIds, nextCursor } = cutPage(found, page.limit, (memberId) => [memberId]);
    const fits = (name: string) => namePrefix === '' || beginsLike(name, namePrefix);
    return { members: await this.members.maskedOf(memberIds, fits), nextCursor };
  }

  /** A member's tags; undefined when there is no such member. */
  tags(memberId: string): Promise<StoredTags | undefined> {
    return findTags(this.dataSource.manager, memberId);
  }

  /**
   * Replaces a member's tags, where a version is expected only that one. Safe to repeat under its key, and, without an
   * expected version, in any case.
   */
  async setTags(caller: Caller, wanted: NewTags, key: string | undefined): Promise<SetTags> {
    const { memberId, expectedVersion } = wanted;
    const tags = [...new Set(wanted.tags)].sort();
    const write = { caller: caller.principal.sub, route: 'SetTags', key, body: { memberId, tags, expectedVersion } };
    const done = await inTransaction(this.dataSource, caller.isDryRun, (tx) =>
      once(tx, write, async (): Promise<{ version: number } | { reason: 'MEMBER_UNKNOWN' | 'VERSION_CHANGED' }> => {
        const stands = await lockTags(tx, memberId);
        if (!stands) return { reason: 'MEMBER_UNKNOWN' };
        if (expectedVersion !== undefined && stands.version !== expectedVersion) return { reason: 'VERSION_CHANGED' };
        return { version: await replaceTags(tx, memberId, tags) };
      }),
    );
    if (done.outcome === 'refused') return done;
    if ('reason' in done.result) return { outcome: 'refused', reason: done.result.reason };
    return { outcome: 'set', tags, version: done.result.version, replayed: done.replayed };
  }

  /** Members whose data nobody confirmed for so long, longest first. */
  async stale(principal: Principal, olderThanDays: number, page: Page) {
    const since = new Date(this.clock.now().getTime() - olderThanDays * dayMs);
    const rows = await staleSince(this.dataSource.manager, since, storesOf(principal), page);
    const cut = cutPage(rows, page.limit, ({ confirmedAt, memberId }) => [confirmedAt.toISOString(), memberId]);
    const members = await this.members.maskedOf(cut.page.map(({ memberId }) => memberId));
    const byId = new Map<string, Member>(members.map((member) => [member.memberId, member]));
    const stale = cut.page.flatMap(({ memberId, confirmedAt, askedAt }) => {
      const member = byId.get(memberId);
      return member ? [{ member, confirmedAt, askedAt: askedAt ?? undefined }] : [];
    });
    return { stale, nextCursor: cut.nextCursor };
  }

  /** Has members asked to confirm their data, at most once in a while each (requirement M3). Safe to repeat. */
  async ask(caller: Caller, memberIds: readonly string[], key: string | undefined): Promise<Once<readonly string[]>> {
    const { principal } = caller;
    const write = { caller: principal.sub, route: 'AskToConfirm', key, body: { memberIds } };
    const done = await inTransaction(this.dataSource, caller.isDryRun, (tx) =>
      once(tx, write, async () => {
        const at = this.clock.now();
        const notSince = new Date(at.getTime() - askAgainDays * dayMs);
        const asked = await noteAsked(tx, memberIds, { at, notSince, stores: storesOf(principal) });
        await appendToOutbox(
          tx,
          asked.map((memberId) => confirmationAsked(memberId, at)),
        );
        return asked;
      }),
    );
    this.outbox.wake();
    return done;
  }

  /** The member said that the data is right; RFC 3339, undefined when there is no such member. Safe to repeat. */
  async confirm(caller: Caller, memberId: string, key: string | undefined): Promise<Once<string | undefined>> {
    const write = { caller: caller.principal.sub, route: 'ConfirmRecord', key, body: { memberId } };
    return inTransaction(this.dataSource, caller.isDryRun, (tx) =>
      once(tx, write, async () => {
        const now = this.clock.now();
        const member = await this.members.sealed(memberId, tx);
        if (!member || !(await confirm(tx, memberId, now))) return undefined;
        await this.contacts.confirmed(tx, caller, member, now);
        return now.toISOString();
      }),
    );
  }
}

function storesOf({ stores }: Principal): readonly string[] | undefined {
  return stores === '*' ? undefined : stores;
}

function confirmationAsked(memberId: string, askedAt: Date): OutboxEvent {
  return {
    id: uuidv7(),
    topic: memberTopic,
    key: memberId,
    type: 'regulars.members.v1.MemberConfirmationAsked',
    payload: MemberConfirmationAsked.toJSON({ memberId, askedAt }) as object,
  };
}
