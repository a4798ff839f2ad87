import { Injectable } from '@nestjs/common';
import { CodeRequested } from '@regulars/contracts/members/v1/members_events';
import type { EventConsumer, ReceivedEvent } from '@regulars/messaging';
import type { EntityManager } from 'typeorm';
import { type Cause, MessagesService } from './messages.service.js';
import { codeTemplate } from './templates.js';

/** Sends one-time codes (requirements M3, M12, N2). */
@Injectable()
export class CodesConsumer implements EventConsumer {
  readonly topic = 'regulars.members.member.v1';
  readonly group = 'notifications-codes';

  constructor(private readonly messages: MessagesService) {}

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    const requested = events.filter(({ type }) => type === 'regulars.members.v1.CodeRequested');
    await this.messages.hear(tx, requested.map(causeOf));
  }
}

function causeOf({ id, payload, time }: ReceivedEvent): Cause {
  const { challengeId, memberId } = CodeRequested.fromJSON(payload);
  return { causeId: id, memberId, template: codeTemplate, variables: { challenge: challengeId }, occurredAt: time };
}
