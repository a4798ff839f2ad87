import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { BirthdaysService } from '../birthdays/birthdays.service.js';
import { type MergeOrder, MergesService } from '../merges/merges.service.js';
import { PendingService } from '../purchases/pending.service.js';
import type { KnownMember } from './member.js';
import { keepMembers } from './members.store.js';

/** Copies of the members that their owner tells of. */
@Injectable()
export class MembersService {
  constructor(
    private readonly pending: PendingService,
    private readonly merges: MergesService,
    private readonly birthdays: BirthdaysService,
  ) {}

  /** Keeps new members and makes purchases due that waited for them. Safe to repeat. */
  async keep(tx: EntityManager, members: readonly KnownMember[]): Promise<void> {
    if (members.length === 0) return;
    await keepMembers(tx, members);
    await this.birthdays.watch(
      tx,
      members.map(({ memberId }) => memberId),
    );
    await this.pending.membersBecameKnown(tx, members);
  }

  /** Keeps what was ordered about members who are one person, or are not after all. Safe to repeat. */
  async keepMerges(tx: EntityManager, orders: readonly MergeOrder[]): Promise<void> {
    await this.merges.keep(tx, orders);
  }
}
