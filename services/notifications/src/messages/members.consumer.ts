import { Injectable } from '@nestjs/common';
import { CodeRequested, MemberConfirmationAsked } from '@regulars/contracts/members/v1/members_events';
import type { EventConsumer, ReceivedEvent } from '@regulars/messaging';
import type { EntityManager } from 'typeorm';
import { type Cause, MessagesService } from './messages.service.js';
import { codeTemplate } from './templates.js';

/** Sends one-time codes, and asks members whether their data is still right (requirements M3, M12, N2). */
@Injectable()
export class MembersConsumer implements EventConsumer {
  readonly topic = 'regulars.members.member.v1';
  /** Its name of when it heard of codes only: with another it would hear everything again. */
  readonly group = 'notifications-codes';

  constructor(private readonly messages: MessagesService) {}

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    await this.messages.hear(tx, events.flatMap(causesIn));
  }
}

function causesIn({ id, type, payload, time }: ReceivedEvent): Cause[] {
  switch (type) {
    case 'regulars.members.v1.CodeRequested': {
      const { challengeId, memberId } = CodeRequested.fromJSON(payload);
      const variables = { challenge: challengeId };
      return [{ causeId: id, memberId, template: codeTemplate, variables, occurredAt: time }];
    }
    case 'regulars.members.v1.MemberConfirmationAsked': {
      const { memberId } = MemberConfirmationAsked.fromJSON(payload);
      return [{ causeId: id, memberId, template: 'confirm-record', variables: {}, occurredAt: time }];
    }
    default:
      return [];
  }
}
