import type { Brand, Store, Till, TillKey } from '@regulars/contracts/stores/v1/stores';
import { z } from 'zod';
import { code, currency, id, language, pageQuery, text, timeZone } from '../edge/fields.js';

const names = {
  nameZh: text(100).meta({ examples: ['外滩店'] }),
  nameEn: text(100).meta({ examples: ['The Bund'] }),
};

export const brandBody = z.strictObject({ code, ...names }).meta({ id: 'NewBrand' });
export type BrandBody = z.output<typeof brandBody>;

export const brand = z.object({ brandId: id, code, ...names }).meta({ id: 'Brand' });

const storeFields = {
  brandId: id,
  code,
  ...names,
  timeZone,
  currency,
  language: language.meta({ description: 'Of texts that no guest has chosen' }),
};
const dayCutoverMinutes = z
  .int()
  .min(0)
  .max(720)
  .meta({ examples: [240], description: 'Minutes after local midnight at which the business day ends' });

export const storeBody = z.strictObject({ ...storeFields, dayCutoverMinutes }).meta({ id: 'NewStore' });
export type StoreBody = z.output<typeof storeBody>;

export const store = z
  .object({ storeId: id, ...storeFields, dayCutoverMinutes, closedAt: z.iso.datetime().optional() })
  .meta({ id: 'Store' });
export const storePage = z.object({ stores: z.array(store), nextCursor: z.string().optional() }).meta({ id: 'Stores' });
export const storesQuery = z.strictObject(pageQuery);
export type StoresQuery = z.output<typeof storesQuery>;

export const tillBody = z
  .strictObject({ storeId: id, number: text(20).meta({ examples: ['1'] }) })
  .meta({ id: 'NewTill' });
export type TillBody = z.output<typeof tillBody>;

export const tillKey = z
  .object({
    keyId: id,
    createdAt: z.iso.datetime(),
    revokedAt: z.iso.datetime().optional(),
    lastUsedAt: z.iso.datetime().optional().meta({ description: 'To the minute; missing while no till has used it' }),
  })
  .meta({ id: 'TillKey' });
export const till = z
  .object({ tillId: id, storeId: id, number: z.string(), keys: z.array(tillKey) })
  .meta({ id: 'Till' });
export const tills = z.object({ tills: z.array(till) }).meta({ id: 'Tills' });

/** Nothing is told when a key is made. */
export const keyBody = z.strictObject({}).optional();
export const issuedKey = z
  .object({
    keyId: id,
    createdAt: z.iso.datetime(),
    secret: z
      .string()
      .optional()
      .meta({ description: 'The bearer key of the till, told once; missing in a repeated answer' }),
  })
  .meta({ id: 'IssuedTillKey' });

export function brandAnswer({ brandId, code, nameZh, nameEn }: Brand): z.input<typeof brand> {
  return { brandId, code, nameZh, nameEn };
}

export function storeAnswer({ closedAt, ...store }: Store) {
  return { ...store, closedAt };
}

export function tillAnswer({ tillId, storeId, number, keys }: Till) {
  return { tillId, storeId, number, keys: keys.map(keyAnswer) };
}

export function keyAnswer({ keyId, createdAt, revokedAt, lastUsedAt }: TillKey) {
  return { keyId, createdAt, revokedAt, lastUsedAt };
}
