import { Injectable } from '@nestjs/common';
import { StoreChanged } from '@regulars/contracts/stores/v1/stores_events';
import { BadEvent, type EventConsumer, type ReceivedEvent } from '@regulars/messaging';
import { isTimeZone } from '@regulars/service';
import type { EntityManager } from 'typeorm';
import { StoresService } from './stores.service.js';

/** Keeps up with the stores that messages speak of. */
@Injectable()
export class StoresConsumer implements EventConsumer {
  readonly topic = 'regulars.stores.store.v1';
  readonly group = 'notifications';

  constructor(private readonly stores: StoresService) {}

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    const changes = events.filter(({ type }) => type === 'regulars.stores.v1.StoreChanged');
    await this.stores.remember(
      tx,
      changes.map(({ id, payload }) => {
        const { store, version } = StoreChanged.fromJSON(payload);
        if (!store || !isTimeZone(store.timeZone)) throw new BadEvent(`Event ${id} has no store with a zone`);
        return { ...store, version };
      }),
    );
  }
}
