import { Injectable } from '@nestjs/common';
import { CaseOpened } from '@regulars/contracts/complaints/v1/cases_events';
import { BadEvent, type EventConsumer, type ReceivedEvent } from '@regulars/messaging';
import type { EntityManager } from 'typeorm';
import { type Cause, MessagesService } from './messages.service.js';

/** Acknowledges feedback with its number and the promised time (requirement C4). */
@Injectable()
export class CasesConsumer implements EventConsumer {
  readonly topic = 'regulars.complaints.case.v1';
  readonly group = 'notifications';

  constructor(private readonly messages: MessagesService) {}

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    await this.messages.hear(tx, events.flatMap(causesIn));
  }
}

/** A guest who is not a member left no address here. */
function causesIn({ id, type, payload, time }: ReceivedEvent): Cause<'case-received'>[] {
  if (type !== 'regulars.complaints.v1.CaseOpened') return [];
  const { memberId, storeId, number, respondBy } = CaseOpened.fromJSON(payload);
  if (!respondBy) throw new BadEvent(`Event ${id} has no promised time`);
  if (!memberId) return [];
  const variables = { number, respondBy: respondBy.toISOString() };
  return [{ causeId: id, memberId, template: 'case-received', storeId, variables, occurredAt: time }];
}
