import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { PendingService } from '../purchases/pending.service.js';
import type { KnownMember } from './member.js';
import { keepMembers } from './members.store.js';

/** Copies of the members that their owner tells of. */
@Injectable()
export class MembersService {
  constructor(private readonly pending: PendingService) {}

  /** Keeps new members and makes purchases due that waited for them. Safe to repeat. */
  async keep(tx: EntityManager, members: readonly KnownMember[]): Promise<void> {
    if (members.length === 0) return;
    await keepMembers(tx, members);
    await this.pending.membersBecameKnown(tx, members);
  }
}
