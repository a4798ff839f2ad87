import { Till, type TillKey } from '@regulars/contracts/stores/v1/stores';
import { type LiveTillKey, TillChanged } from '@regulars/contracts/stores/v1/stores_events';
import type { RepublishedEvent } from '@regulars/messaging';
import { z } from 'zod';
import { id, tillNumber } from '../fields.js';
import type { Latest } from '../latest.js';

/** Compacted, key = till id. */
export const tillTopic = 'regulars.stores.till.v1';

/** How many tills a store has at most. */
export const mostTills = 200;

/** A till before it has an id (requirement O4). */
export const tillDraft = z.object({ storeId: id, number: tillNumber });
export type TillDraft = Readonly<z.output<typeof tillDraft>>;

/** What can be changed of a till, and of which version. */
export const tillTerms = z.object({ tillId: id, number: tillNumber, mustSign: z.boolean(), expectedVersion: z.int() });
export type TillTerms = Readonly<z.output<typeof tillTerms>>;

/** A till as it is kept. */
export type KeptTill = TillDraft & Pick<Latest, 'version'> & { readonly tillId: string; readonly mustSign: boolean };

/** The Ed25519 public key with which a till is to sign; undefined where a bearer key is asked for. */
export const publicKey = z.object({
  publicKey: z
    .instanceof(Uint8Array)
    .refine(({ length }) => length === 0 || length === 32, '32 bytes')
    .transform((bytes) => (bytes.length === 0 ? undefined : Buffer.from(bytes))),
});

const mostKeyUses = 1_000;

/** When keys were last used, as a gateway tells it. */
export const keyUses = z.array(z.object({ keyId: id, usedAt: z.date() })).max(mostKeyUses);

/** A key as it is kept. */
export interface KeptKey {
  readonly keyId: string;
  readonly tillId: string;
  readonly sha256: Buffer;
  readonly publicKey: Buffer | null;
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

/** A till as it is told, its keys newest first and without their hashes. */
export function tillOf({ tillId, storeId, number, mustSign, version }: KeptTill, keys: readonly KeptKey[]): Till {
  return Till.fromPartial({
    tillId,
    storeId,
    number,
    mustSign,
    version,
    keys: keys
      .toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.keyId < b.keyId ? 1 : -1))
      .map(keyOf),
  });
}

/** A key as it is told. */
export function keyOf({ keyId, createdAt, revokedAt, lastUsedAt, publicKey }: KeptKey): TillKey {
  return {
    keyId,
    createdAt,
    revokedAt: revokedAt ?? undefined,
    lastUsedAt: lastUsedAt ?? undefined,
    publicKey: publicKey ?? Buffer.alloc(0),
  };
}

/** The event that tells everyone how a till now stands and by which keys it is known. */
export function tillChanged(
  { tillId, storeId, number, mustSign }: Omit<KeptTill, 'version'>,
  keys: readonly KeptKey[],
  latest: Latest,
): RepublishedEvent {
  const liveKeys: LiveTillKey[] = keys
    .filter((key) => key.revokedAt === null)
    .map(({ keyId, sha256, createdAt, publicKey }) => ({
      keyId,
      sha256,
      createdAt,
      publicKey: publicKey ?? Buffer.alloc(0),
    }));
  return {
    id: latest.eventId,
    topic: tillTopic,
    key: tillId,
    type: 'regulars.stores.v1.TillChanged',
    payload: TillChanged.toJSON({ tillId, storeId, number, liveKeys, mustSign, version: latest.version }) as object,
    subject: number,
    time: latest.changedAt,
  };
}
