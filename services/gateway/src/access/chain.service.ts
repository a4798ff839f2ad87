import { createPublicKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { StoreChanged, TillChanged } from '@regulars/contracts/stores/v1/stores_events';
import type { Principal } from '@regulars/service';
import { claimedTill, presentedAmong, withoutDashes } from './till-keys.js';

/** A live key of a till, and when this process last saw it used. */
export interface LiveKey {
  readonly keyId: string;
  readonly sha256: Uint8Array;
  /** With which the till signs; undefined for a bearer key. */
  readonly publicKey: KeyObject | undefined;
  /** A moment in milliseconds; 0 for never. */
  usedMs: number;
}

/** A till that calls, as stores announced it. */
export interface Till {
  readonly tillId: string;
  readonly storeId: string;
  readonly keys: readonly LiveKey[];
  /** Whether only what it signed is taken from it. */
  readonly mustSign: boolean;
  readonly principal: Principal;
  /** The signed principal, kept here for as long as it may be used without asking the signer. */
  signed: { readonly token: string; readonly untilMs: number } | undefined;
}

/** A till, and the key with which it signs. */
export interface TillSigner {
  readonly till: Till;
  readonly key: LiveKey;
  readonly publicKey: KeyObject;
}

/**
 * The chain as stores announces it, in memory: which stores there are, and which till a key is of (requirement O4). It
 * notes when a key is used, at the moment that it is given.
 */
@Injectable()
export class Chain {
  private readonly stores = new Set<string>();
  private readonly storeIds = new Map<string, string>();
  private readonly tills = new Map<string, Till>();
  private readonly signers = new Map<string, TillSigner>();

  /** The till that a key belongs to; undefined for a key that is wrong, revoked or not announced yet. */
  tillOf(secret: string, nowMs: number): Till | undefined {
    const till = this.tills.get(claimedTill(secret) ?? '');
    const key = till && presentedAmong(secret, till.keys);
    if (!key) return undefined;
    key.usedMs = nowMs;
    return till;
  }

  /** The till that signs with a key; undefined for a key that is none, revoked or not announced yet. */
  signerOf(keyId: string): TillSigner | undefined {
    return this.signers.get(keyId);
  }

  /** Keys that were used since a moment. */
  keysUsedSince(sinceMs: number): LiveKey[] {
    return [...this.tills.values()].flatMap(({ keys }) => keys.filter(({ usedMs }) => usedMs > sinceMs));
  }

  /** The id of a store that a directory of people names by its id or its code; undefined for one that is not there. */
  storeNamed(idOrCode: string): string | undefined {
    return this.stores.has(idOrCode) ? idOrCode : this.storeIds.get(idOrCode);
  }

  hasStore(storeId: string): boolean {
    return this.stores.has(storeId);
  }

  hasTill(storeId: string, tillId: string): boolean {
    return this.tills.get(withoutDashes(tillId))?.storeId === storeId;
  }

  storeChanged({ store }: StoreChanged): void {
    if (!store) return;
    this.stores.add(store.storeId);
    this.storeIds.set(store.code, store.storeId);
  }

  /** Only live keys are announced: one that is missing from now on is refused from now on. */
  tillChanged({ tillId, storeId, liveKeys, mustSign }: TillChanged): void {
    const principal: Principal = { sub: tillId, kind: 'till', roles: [], stores: [storeId] };
    const before = this.tills.get(withoutDashes(tillId))?.keys ?? [];
    const keys = liveKeys.map(
      ({ keyId, sha256, publicKey }) =>
        before.find((key) => key.keyId === keyId) ?? { keyId, sha256, publicKey: publicKeyOf(publicKey), usedMs: 0 },
    );
    const till: Till = { tillId, storeId, keys, mustSign, principal, signed: undefined };
    this.tills.set(withoutDashes(tillId), till);
    for (const { keyId } of before) this.signers.delete(keyId);
    for (const key of keys) {
      if (key.publicKey) this.signers.set(key.keyId, { till, key, publicKey: key.publicKey });
    }
  }
}

function publicKeyOf(bytes: Uint8Array): KeyObject | undefined {
  if (bytes.length === 0) return undefined;
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(bytes).toString('base64url') };
  return createPublicKey({ key: jwk, format: 'jwk' });
}
