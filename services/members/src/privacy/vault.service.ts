import { createHash, createHmac, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CannotOpen, newDataKey, open, SETTINGS, seal } from '@regulars/service';
import { LRUCache } from 'lru-cache';
import type { MembersSettings } from '../members.config.js';
import type { WrappedKey } from './keys.js';

const openKeysKept = 10_000;
const openKeysKeptMs = 60_000;

/** Holds the installation's keys; the only place where they and members' open data keys are. */
@Injectable()
export class VaultService {
  /** Short-lived, so that a destroyed data key is gone everywhere within the minute. */
  private readonly openKeys = new LRUCache<string, Buffer>({ max: openKeysKept, ttl: openKeysKeptMs });
  /** Every key-encryption key that this process has, by its name. */
  private readonly keyEncryptionKeys: ReadonlyMap<string, Buffer>;
  private readonly currentKeyId: string;
  /** Names of the keys from which data keys have to move to the current one. */
  readonly retiredKeyIds: readonly string[];
  readonly blindIndexKeyId: string;

  constructor(@Inject(SETTINGS) private readonly settings: MembersSettings) {
    const { KEY_ENCRYPTION_KEY: current, KEY_ENCRYPTION_KEY_NEXT: next } = settings;
    const retired = settings.KEY_ENCRYPTION_KEYS_RETIRED;
    const all = [current, ...(next ? [next] : []), ...retired];
    this.keyEncryptionKeys = new Map(all.map((key) => [nameOfKey(key), key]));
    this.currentKeyId = nameOfKey(current);
    this.retiredKeyIds = retired.map(nameOfKey).filter((keyId) => keyId !== this.currentKeyId);
    this.blindIndexKeyId = nameOfKey(settings.BLIND_INDEX_KEY);
  }

  /** A new member's data key, wrapped, with what seals under it. */
  newKey(memberId: string): { wrapped: WrappedKey; sealing: Sealing } {
    const key = newDataKey();
    return { wrapped: this.wrap(memberId, key), sealing: new Sealing(memberId, key) };
  }

  /** What opens a member's fields. @throws CannotOpen when the key was wrapped by a key that this process lacks */
  sealingOf(wrapped: WrappedKey): Sealing {
    const { memberId } = wrapped;
    const known = this.openKeys.get(memberId);
    if (known) return new Sealing(memberId, known);
    const key = this.unwrap(wrapped);
    this.openKeys.set(memberId, key);
    return new Sealing(memberId, key);
  }

  /** The same data key under the current key-encryption key: nothing that it seals changes. */
  rewrapped(wrapped: WrappedKey): WrappedKey {
    return this.wrap(wrapped.memberId, this.unwrap(wrapped));
  }

  hasKey(keyEncryptionKeyId: string): boolean {
    return this.keyEncryptionKeys.has(keyEncryptionKeyId);
  }

  /**
   * HMAC-SHA-256 under the index key: equal values have equal indexes, and who lacks the key can neither read nor guess.
   *
   * @param kind keeps indexes of different things apart
   */
  blindIndex(kind: 'mobile' | 'email' | 'registration', value: string | Buffer): Buffer {
    return createHmac('sha256', this.settings.BLIND_INDEX_KEY).update(`${kind}\0`).update(value).digest();
  }

  /** 128 random bits, url-safe: what a till scans (requirement M2). */
  newCodeToken(): string {
    return randomBytes(16).toString('base64url');
  }

  private wrap(memberId: string, key: Buffer): WrappedKey {
    const wrapped = seal(this.settings.KEY_ENCRYPTION_KEY, placeOfKey(memberId), key);
    return { memberId, keyEncryptionKeyId: this.currentKeyId, wrapped };
  }

  private unwrap({ memberId, keyEncryptionKeyId, wrapped }: WrappedKey): Buffer {
    const keyEncryptionKey = this.keyEncryptionKeys.get(keyEncryptionKeyId);
    if (!keyEncryptionKey) throw new CannotOpen(`member_key under the key ${keyEncryptionKeyId}`);
    return open(keyEncryptionKey, placeOfKey(memberId), wrapped);
  }
}

/** Seals and opens the fields of one member, each for its own column, which is named `table.column`. */
export class Sealing {
  constructor(
    private readonly memberId: string,
    private readonly key: Buffer,
  ) {}

  seal(column: string, clear: string): Buffer {
    return seal(this.key, this.place(column), clear);
  }

  /** @throws CannotOpen for bytes that were sealed for another column or member */
  open(column: string, sealed: Buffer): string {
    return open(this.key, this.place(column), sealed).toString('utf8');
  }

  private place(column: string): string {
    return `${column}:${this.memberId}`;
  }
}

/** A code token has 128 random bits, so that a plain hash of it cannot be searched. */
export function hashOfToken(codeToken: string): Buffer {
  return createHash('sha256').update(codeToken).digest();
}

function placeOfKey(memberId: string): string {
  return `member_key.wrapped:${memberId}`;
}

/** Tells keys apart without telling them. */
function nameOfKey(key: Buffer): string {
  return createHash('sha256').update('regulars key name\0').update(key).digest('hex').slice(0, 16);
}
