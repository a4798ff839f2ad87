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

/** What can be changed of a store. */
export const storeTerms = z
  .strictObject({ ...names, timeZone, dayCutoverMinutes, language: storeFields.language })
  .meta({ id: 'StoreTerms' });
export type StoreTerms = z.output<typeof storeTerms>;

const version = z.int().meta({ description: 'Counts up with every change; also in ETag', examples: [3] });

export const store = z
  .object({ storeId: id, ...storeFields, dayCutoverMinutes, closedAt: z.iso.datetime().optional(), version })
  .meta({ id: 'Store' });
export const storePage = z.object({ stores: z.array(store), nextCursor: z.string().optional() }).meta({ id: 'Stores' });
export const storesQuery = z.strictObject(pageQuery);
export type StoresQuery = z.output<typeof storesQuery>;

export const tillBody = z
  .strictObject({ storeId: id, number: text(20).meta({ examples: ['1'] }) })
  .meta({ id: 'NewTill' });
export type TillBody = z.output<typeof tillBody>;

const mustSign = z.boolean().meta({ description: 'Whether only what it signed is taken from it (RFC 9421)' });

/** What can be changed of a till. */
export const tillTerms = z.strictObject({ number: tillBody.shape.number, mustSign }).meta({ id: 'TillTerms' });
export type TillTerms = z.output<typeof tillTerms>;

/** An Ed25519 public key as a JWK (RFC 8037). */
const publicKey = z
  .strictObject({
    kty: z.literal('OKP').meta({ description: 'Octet key pair' }),
    crv: z.literal('Ed25519').meta({ description: 'The curve' }),
    x: z
      .string()
      .regex(/^[A-Za-z0-9_-]{43}$/, 'Expected 32 bytes in base64url')
      .meta({ description: 'The public key', examples: ['11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'] }),
  })
  .meta({ id: 'PublicKey' });

export const tillKey = z
  .object({
    keyId: id,
    createdAt: z.iso.datetime(),
    revokedAt: z.iso.datetime().optional(),
    lastUsedAt: z.iso.datetime().optional().meta({ description: 'To the minute; missing while no till has used it' }),
    publicKey: publicKey.optional().meta({ description: 'Of a key with which the till signs' }),
  })
  .meta({ id: 'TillKey' });
export const till = z
  .object({ tillId: id, storeId: id, number: z.string(), keys: z.array(tillKey), mustSign, version })
  .meta({ id: 'Till' });
export const tills = z.object({ tills: z.array(till) }).meta({ id: 'Tills' });

/** A public key to register; without one a secret is made. */
export const keyBody = z
  .strictObject({
    publicKey: publicKey.optional().meta({ description: 'With which the till signs; without it a secret is made' }),
  })
  .optional();
export type KeyBody = z.output<typeof keyBody>;
export const issuedKey = z
  .object({
    keyId: id,
    createdAt: z.iso.datetime(),
    secret: z.string().optional().meta({
      description: 'The bearer key of the till, told once; missing in a repeated answer and for a public key',
    }),
    publicKey: publicKey.optional(),
  })
  .meta({ id: 'IssuedTillKey' });

export function brandAnswer({ brandId, code, nameZh, nameEn }: Brand): z.input<typeof brand> {
  return { brandId, code, nameZh, nameEn };
}

export function storeAnswer({ closedAt, ...store }: Store) {
  return { ...store, closedAt };
}

export function tillAnswer({ tillId, storeId, number, keys, mustSign, version }: Till) {
  return { tillId, storeId, number, keys: keys.map(keyAnswer), mustSign, version };
}

export function keyAnswer({ keyId, createdAt, revokedAt, lastUsedAt, publicKey }: TillKey) {
  return { keyId, createdAt, revokedAt, lastUsedAt, publicKey: publicKeyAnswer(publicKey) };
}

/** The bytes of a public key; none where none was told. */
export function publicKeyBytes(body: KeyBody): Buffer {
  return Buffer.from(body?.publicKey?.x ?? '', 'base64url');
}

/** The public key of these bytes; undefined for a bearer key. */
export function publicKeyAnswer(bytes: Uint8Array) {
  if (bytes.length === 0) return undefined;
  return { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(bytes).toString('base64url') } as const;
}
