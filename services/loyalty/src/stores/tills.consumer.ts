import { Injectable } from '@nestjs/common';
import { TillChanged } from '@regulars/contracts/stores/v1/stores_events';
import type { EventConsumer, ReceivedEvent } from '@regulars/messaging';
import type { EntityManager } from 'typeorm';
import { StoresService } from './stores.service.js';

/** Hears which till stands in which store. */
@Injectable()
export class TillsConsumer implements EventConsumer {
  readonly topic = 'regulars.stores.till.v1';
  readonly group = 'loyalty';

  constructor(private readonly stores: StoresService) {}

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    await this.stores.keepTills(
      tx,
      events.map(({ payload }) => TillChanged.fromJSON(payload)),
    );
  }
}
