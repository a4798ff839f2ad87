import { isCurrency } from '@regulars/amounts';
import { Store } from '@regulars/contracts/stores/v1/stores';
import { StoreChanged } from '@regulars/contracts/stores/v1/stores_events';
import type { RepublishedEvent } from '@regulars/messaging';
import { z } from 'zod';
import { code, dayCutoverMinutes, id, language, name, timeZone } from '../fields.js';
import type { Latest } from '../latest.js';

/** Compacted, key = store id. */
export const storeTopic = 'regulars.stores.store.v1';

/** A store before it has an id (requirement O4). */
export const storeDraft = z.object({
  brandId: id,
  code,
  nameZh: name,
  nameEn: name,
  timeZone,
  dayCutoverMinutes,
  currency: z.string().refine(isCurrency, 'an ISO 4217 code such as CNY'),
  language,
});
export type StoreDraft = Readonly<z.output<typeof storeDraft>>;

/** What can be changed of a store, and of which version. */
export const storeTerms = storeDraft
  .pick({ nameZh: true, nameEn: true, timeZone: true, dayCutoverMinutes: true, language: true })
  .extend({ storeId: id, expectedVersion: z.int() });
export type StoreTerms = Readonly<z.output<typeof storeTerms>>;

/** A store as it is told. */
export function storeOf(storeId: string, draft: StoreDraft & Pick<Latest, 'version'>): Store {
  return Store.fromPartial({ storeId, ...draft });
}

/** The event that tells everyone how a store now stands. */
export function storeChanged(store: Store, latest: Latest): RepublishedEvent {
  return {
    id: latest.eventId,
    topic: storeTopic,
    key: store.storeId,
    type: 'regulars.stores.v1.StoreChanged',
    payload: StoreChanged.toJSON({ store, version: latest.version }) as object,
    subject: store.code,
    time: latest.changedAt,
  };
}
