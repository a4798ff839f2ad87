import { Injectable } from '@nestjs/common';
import { MemberContactChanged, MemberRegistered } from '@regulars/contracts/members/v1/members_events';
import type { EventConsumer, ReceivedEvent } from '@regulars/messaging';
import type { EntityManager } from 'typeorm';
import { RecipientsService } from './recipients.service.js';

/** Remembers which members have an address at all, so that messages to the others need not ask members for it. */
@Injectable()
export class RecipientsConsumer implements EventConsumer {
  readonly topic = 'regulars.members.member.v1';
  readonly group = 'notifications';

  constructor(private readonly recipients: RecipientsService) {}

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    const told = events
      .filter(({ type }) => type === 'regulars.members.v1.MemberRegistered')
      .map(({ payload }) => MemberRegistered.fromJSON(payload))
      .flatMap(({ memberId, hasEmail }) => (hasEmail === undefined ? [] : [{ memberId, hasEmail }]));
    await this.recipients.remember(tx, told);
    const changed = events
      .filter(({ type }) => type === 'regulars.members.v1.MemberContactChanged')
      .map(({ payload }) => MemberContactChanged.fromJSON(payload))
      .flatMap(({ memberId, hasEmail }) => (hasEmail === undefined ? [] : [{ memberId, hasEmail }]));
    await this.recipients.change(tx, changed);
  }
}
