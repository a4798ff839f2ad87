import { createHash, createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CannotOpen, fingerprintOf, newDataKey, open, SETTINGS, seal } from '@regulars/service';
import { LRUCache } from 'lru-cache';
import type { MembersSettings } from '../members.config.js';
import { allSlots, type IndexKeys, type Slot, type WrappedKey } from './keys.js';

/** What is found by a keyed hash. */
type IndexKind = 'mobile' | 'email' | 'name' | 'external id' | `match ${string}`;

/** Enough that two beginnings never meet; there are several for each member. */
const nameIndexLength = 16;
const openKeysKept = 10_000;
const openKeysKeptMs = 60_000;

/** Holds the installation's keys; the only place where they and members' open data keys are. */
@Injectable()
export class VaultService {
  /** Short-lived, so that a destroyed data key is gone everywhere within the minute. */
  private readonly openKeys = new LRUCache<string, KeyObject>({ max: openKeysKept, ttl: openKeysKeptMs });
  /** Every key-encryption key that this process has, by its name. */
  private readonly keyEncryptionKeys: ReadonlyMap<string, KeyObject>;
  private readonly keyEncryptionKey: KeyObject;
  private readonly currentKeyId: string;
  /** Where members are looked up now. */
  slot: Slot = 0;
  /** Names of the keys from which data keys have to move to the current one. */
  readonly retiredKeyIds: readonly string[];
  /** The index keys that this process has, by their part. */
  readonly indexKeys: IndexKeys;
  private readonly indexKeyOf = new Map<Slot, KeyObject>();
  /** What members are looked up by now. */
  private readonly indexKey: KeyObject;
  /** What does not change before the retired index key is left out. */
  private readonly lastingKey: KeyObject;

  constructor(@Inject(SETTINGS) private readonly settings: MembersSettings) {
    const { KEY_ENCRYPTION_KEY: current, KEY_ENCRYPTION_KEY_NEXT: next } = settings;
    const retired = settings.KEY_ENCRYPTION_KEYS_RETIRED;
    const all = [current, ...(next ? [next] : []), ...retired];
    this.keyEncryptionKeys = new Map(all.map((key) => [nameOfKey(key), createSecretKey(key)]));
    this.keyEncryptionKey = createSecretKey(current);
    this.indexKey = createSecretKey(settings.BLIND_INDEX_KEY);
    this.lastingKey = createSecretKey(settings.BLIND_INDEX_KEY_RETIRED ?? settings.BLIND_INDEX_KEY);
    this.currentKeyId = nameOfKey(current);
    this.retiredKeyIds = retired.map(nameOfKey).filter((keyId) => keyId !== this.currentKeyId);
    this.indexKeys = {
      current: nameOfKey(settings.BLIND_INDEX_KEY),
      next: settings.BLIND_INDEX_KEY_NEXT && nameOfKey(settings.BLIND_INDEX_KEY_NEXT),
      retired: settings.BLIND_INDEX_KEY_RETIRED && nameOfKey(settings.BLIND_INDEX_KEY_RETIRED),
    };
    this.placeIndexKeys(new Map([[this.indexKeys.current, 0]]));
  }

  /** A new member's data key, wrapped, with what seals under it. */
  newKey(memberId: string): { wrapped: WrappedKey; sealing: Sealing } {
    const key = newDataKey();
    return { wrapped: this.wrap(memberId, key), sealing: new Sealing(memberId, createSecretKey(key)) };
  }

  /** What opens a member's fields. @throws CannotOpen when the key was wrapped by a key that this process lacks */
  sealingOf(wrapped: WrappedKey): Sealing {
    const { memberId } = wrapped;
    const known = this.openKeys.get(memberId);
    if (known) return new Sealing(memberId, known);
    const key = createSecretKey(this.unwrap(wrapped));
    this.openKeys.set(memberId, key);
    return new Sealing(memberId, key);
  }

  /** The same data key under the current key-encryption key: nothing that it seals changes. */
  rewrapped(wrapped: WrappedKey): WrappedKey {
    return this.wrap(wrapped.memberId, this.unwrap(wrapped));
  }

  /** Lets go of an opened data key that was destroyed; other processes do so within the minute. */
  forget(memberId: string): void {
    this.openKeys.delete(memberId);
  }

  hasKey(keyEncryptionKeyId: string): boolean {
    return this.keyEncryptionKeys.has(keyEncryptionKeyId);
  }

  /** Where indexes under each key are kept, as the database says: told once, before the service serves. */
  placeIndexKeys(slots: ReadonlyMap<string, Slot>): void {
    const { BLIND_INDEX_KEY: current, BLIND_INDEX_KEY_NEXT: next, BLIND_INDEX_KEY_RETIRED: retired } = this.settings;
    this.indexKeyOf.clear();
    for (const key of [current, next, retired]) {
      const slot = key && slots.get(nameOfKey(key));
      if (key && slot !== undefined) this.indexKeyOf.set(slot, createSecretKey(key));
    }
    this.slot = slots.get(this.indexKeys.current) ?? 0;
  }

  /** The places that this process fills, as bits. */
  get filledSlots(): number {
    return [...this.indexKeyOf.keys()].reduce<number>((bits, slot) => bits | (1 << slot), 0);
  }

  /**
   * What a value is looked up by: HMAC-SHA-256 under the current index key. Equal values have equal indexes, and who
   * lacks the key can neither read nor guess.
   *
   * @param kind keeps indexes of different things apart
   */
  blindIndex(kind: IndexKind, value: string | Buffer): Buffer {
    return hmac(this.indexKey, kind, value);
  }

  /** What is stored of a value, by place: under each index key that this process has. */
  blindIndexes(kind: IndexKind, value: string): readonly (Buffer | null)[] {
    return allSlots.map((slot) => {
      const key = this.indexKeyOf.get(slot);
      return key ? hmac(key, kind, value) : null;
    });
  }

  /** What a name is found by: its beginnings in every place that this process fills. */
  nameIndexes(beginnings: readonly string[]): { slot: Slot; index: Buffer }[] {
    return beginnings.flatMap((beginning) =>
      this.blindIndexes('name', beginning).flatMap((index, slot) =>
        index ? [{ slot: slot as Slot, index: index.subarray(0, nameIndexLength) }] : [],
      ),
    );
  }

  /** What the beginning of a name is looked up by. */
  nameIndex(beginning: string): Buffer {
    return this.blindIndex('name', beginning).subarray(0, nameIndexLength);
  }

  /**
   * What tells one body from another in an idempotency row: a plain hash of a registration could be searched for a
   * mobile. It changes its key only when the retired one is left out, so that a repetition is known while keys rotate.
   */
  fingerprint(body: unknown): Buffer {
    return hmac(this.lastingKey, 'request', fingerprintOf(body));
  }

  /** The six digits of a challenge: they follow from its id and a key, so that they need not be kept. */
  codeOf(challengeId: string): string {
    const digest = hmac(this.lastingKey, 'one-time code', challengeId);
    return String(digest.readUIntBE(0, 6) % 1_000_000).padStart(6, '0');
  }

  /** 128 random bits, url-safe: what a till scans (requirement M2). */
  newCodeToken(): string {
    return randomBytes(16).toString('base64url');
  }

  /** A part of a file with members, as it is kept until it was read. */
  sealPart(importId: string, part: number, content: Buffer): Buffer {
    return seal(this.keyEncryptionKey, placeOfPart(importId, part), content);
  }

  /** @throws CannotOpen when it was sealed by a key that this process lacks */
  openPart(importId: string, part: number, sealed: Buffer): Buffer {
    for (const key of this.keyEncryptionKeys.values()) {
      try {
        return open(key, placeOfPart(importId, part), sealed);
      } catch (error) {
        if (!(error instanceof CannotOpen)) throw error;
      }
    }
    throw new CannotOpen('import_part');
  }

  private wrap(memberId: string, key: Buffer): WrappedKey {
    const wrapped = seal(this.keyEncryptionKey, placeOfKey(memberId), key);
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
    private readonly key: KeyObject,
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

function hmac(key: KeyObject, kind: string, value: string | Buffer): Buffer {
  return createHmac('sha256', key).update(`${kind}\0`).update(value).digest();
}

/** A code token has 128 random bits, so that a plain hash of it cannot be searched. */
export function hashOfToken(codeToken: string): Buffer {
  return createHash('sha256').update(codeToken).digest();
}

function placeOfPart(importId: string, part: number): string {
  return `import_part.content:${importId}:${part}`;
}

function placeOfKey(memberId: string): string {
  return `member_key.wrapped:${memberId}`;
}

/** Tells keys apart without telling them. */
function nameOfKey(key: Buffer): string {
  return createHash('sha256').update('regulars key name\0').update(key).digest('hex').slice(0, 16);
}
