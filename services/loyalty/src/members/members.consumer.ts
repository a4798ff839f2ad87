import { Injectable } from '@nestjs/common';
import { MemberRegistered } from '@regulars/contracts/members/v1/members_events';
import { BadEvent, type EventConsumer, type ReceivedEvent } from '@regulars/messaging';
import type { EntityManager } from 'typeorm';
import { PendingService } from '../purchases/pending.service.js';
import { keepMembers, type MemberRow } from './members.store.js';

const registered = 'regulars.members.v1.MemberRegistered';

/** Hears of new members; purchases that waited for them become due. */
@Injectable()
export class MembersConsumer implements EventConsumer {
  readonly topic = 'regulars.members.member.v1';
  readonly group = 'loyalty';

  constructor(private readonly pending: PendingService) {}

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    const members = events.filter((event) => event.type === registered).map(memberIn);
    if (members.length === 0) return;
    await keepMembers(tx, members);
    await this.pending.membersBecameKnown(tx, members);
  }
}

function memberIn({ payload }: ReceivedEvent): MemberRow {
  const { memberId, number, codeTokenSha256, language, registeredAt } = MemberRegistered.fromJSON(payload);
  if (!registeredAt || codeTokenSha256.length !== 32) throw new BadEvent('MemberRegistered without a time or token');
  return { memberId, number, codeTokenSha256, language, registeredAt };
}
