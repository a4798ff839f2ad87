import { Injectable } from '@nestjs/common';
import { StoreChanged } from '@regulars/contracts/stores/v1/stores_events';
import { BadEvent, type EventConsumer, type ReceivedEvent } from '@regulars/messaging';
import type { EntityManager } from 'typeorm';
import type { KnownStore } from './store.js';
import { StoresService } from './stores.service.js';

/** Hears which stores there are. */
@Injectable()
export class StoresConsumer implements EventConsumer {
  readonly topic = 'regulars.stores.store.v1';
  readonly group = 'loyalty';

  constructor(private readonly stores: StoresService) {}

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    await this.stores.keepStores(tx, events.map(storeIn));
  }
}

function storeIn(event: ReceivedEvent): KnownStore {
  const { store, version } = StoreChanged.fromJSON(event.payload);
  if (!store) throw new BadEvent('StoreChanged without a store');
  const { storeId, brandId, timeZone, dayCutoverMinutes } = store;
  return { storeId, brandId, timeZone, dayCutoverMinutes, version };
}
