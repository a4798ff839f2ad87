import { Inject, Injectable } from '@nestjs/common';
import type { EventConsumer, ReceivedEvent } from '@regulars/messaging';
import type { EntityManager } from 'typeorm';
import { SERVICE } from './member-data.js';
import { erasureTopic, memberTopic, restrictionTopic, tasksIn } from './tasks.js';
import { addTasks } from './tasks.store.js';

/** Hears orders that concern a member's data; what is ordered becomes a task. */
@Injectable()
export class MemberOrdersConsumer implements EventConsumer {
  readonly topic: string = memberTopic;
  readonly group: string;

  constructor(@Inject(SERVICE) service: string) {
    this.group = `${service}-orders`;
  }

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    await addTasks(tx, events.flatMap(tasksIn));
  }
}

/** The same for erasures, which have a topic of their own. */
@Injectable()
export class ErasuresConsumer extends MemberOrdersConsumer {
  override readonly topic = erasureTopic;
}

/** The same for restrictions. */
@Injectable()
export class RestrictionsConsumer extends MemberOrdersConsumer {
  override readonly topic = restrictionTopic;
}

/** What the messaging of a service with members' data consumes. */
export const memberDataConsumers = [MemberOrdersConsumer, ErasuresConsumer, RestrictionsConsumer] as const;
