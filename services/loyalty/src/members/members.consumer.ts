import { Injectable } from '@nestjs/common';
import { MemberRegistered } from '@regulars/contracts/members/v1/members_events';
import { BadEvent, type EventConsumer, type ReceivedEvent } from '@regulars/messaging';
import type { EntityManager } from 'typeorm';
import type { KnownMember } from './member.js';
import { MembersService } from './members.service.js';

const registered = 'regulars.members.v1.MemberRegistered';

/** Hears of new members. */
@Injectable()
export class MembersConsumer implements EventConsumer {
  readonly topic = 'regulars.members.member.v1';
  readonly group = 'loyalty';

  constructor(private readonly members: MembersService) {}

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    await this.members.keep(tx, events.filter((event) => event.type === registered).map(memberIn));
  }
}

function memberIn({ payload }: ReceivedEvent): KnownMember {
  const { memberId, number, codeTokenSha256, language, registeredAt } = MemberRegistered.fromJSON(payload);
  if (!registeredAt || codeTokenSha256.length !== 32) throw new BadEvent('MemberRegistered without a time or token');
  return { memberId, number, codeTokenSha256, language, registeredAt };
}
