import { Injectable } from '@nestjs/common';
import { MemberRegistered, MembersMerged } from '@regulars/contracts/members/v1/members_events';
import { BadEvent, type EventConsumer, type ReceivedEvent } from '@regulars/messaging';
import type { EntityManager } from 'typeorm';
import type { MergeOrder } from '../merges/merges.service.js';
import type { KnownMember } from './member.js';
import { MembersService } from './members.service.js';

const registered = 'regulars.members.v1.MemberRegistered';
const merged = 'regulars.members.v1.MembersMerged';
const unmerged = 'regulars.members.v1.MembersUnmerged';

/** Hears of new members, and of those who are one person. */
@Injectable()
export class MembersConsumer implements EventConsumer {
  readonly topic = 'regulars.members.member.v1';
  readonly group = 'loyalty';

  constructor(private readonly members: MembersService) {}

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    await this.members.keep(tx, events.filter((event) => event.type === registered).map(memberIn));
    const orders = events.filter(({ type }) => type === merged || type === unmerged).map(orderIn);
    await this.members.keepMerges(tx, orders);
  }
}

function memberIn({ payload }: ReceivedEvent): KnownMember {
  const { memberId, number, codeTokenSha256, language, registeredAt } = MemberRegistered.fromJSON(payload);
  if (!registeredAt || codeTokenSha256.length !== 32) throw new BadEvent('MemberRegistered without a time or token');
  return { memberId, number, codeTokenSha256, language, registeredAt };
}

/** Both events have the same fields; each comes under both members' keys, so a merge is heard of twice. */
function orderIn({ type, payload }: ReceivedEvent): MergeOrder {
  const { mergeId, survivorId, mergedId } = MembersMerged.fromJSON(payload);
  return { mergeId, survivorId, mergedId, isUndo: type === unmerged };
}
