import type { Brand } from '@regulars/contracts/stores/v1/stores';
import { BrandChanged } from '@regulars/contracts/stores/v1/stores_events';
import type { RepublishedEvent } from '@regulars/messaging';
import { z } from 'zod';
import { code, name } from '../fields.js';
import type { Latest } from '../latest.js';

/** Compacted, key = brand id. */
export const brandTopic = 'regulars.stores.brand.v1';

/** A brand before it has an id (requirement O4). */
export const brandDraft = z.object({ code, nameZh: name, nameEn: name });
export type BrandDraft = Readonly<z.output<typeof brandDraft>>;

/** The event that tells everyone how a brand now stands. */
export function brandChanged(brand: Brand, latest: Latest): RepublishedEvent {
  return {
    id: latest.eventId,
    topic: brandTopic,
    key: brand.brandId,
    type: 'regulars.stores.v1.BrandChanged',
    payload: BrandChanged.toJSON({ brand, version: latest.version }) as object,
    subject: brand.code,
    time: latest.changedAt,
  };
}
