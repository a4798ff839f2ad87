import { createHash, createHmac, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { newDataKey, open, SETTINGS, seal } from '@regulars/service';
import { LRUCache } from 'lru-cache';
import type { MembersSettings } from '../members.config.js';

/** A data key as it is stored: useless without the key-encryption key. */
export interface WrappedKey {
  readonly memberId: string;
  /** Names the key-encryption key without telling it. */
  readonly keyEncryptionKeyId: string;
  readonly wrapped: Buffer;
}

const openKeysKept = 10_000;
const openKeysKeptMs = 60_000;

/** Holds the installation's keys; the only place where they and members' open data keys are. */
@Injectable()
export class VaultService {
  /** Short-lived, so that a destroyed data key is gone everywhere within the minute. */
  private readonly openKeys = new LRUCache<string, Buffer>({ max: openKeysKept, ttl: openKeysKeptMs });
  private readonly keyEncryptionKeyId: string;

  constructor(@Inject(SETTINGS) private readonly settings: MembersSettings) {
    this.keyEncryptionKeyId = nameOfKey(settings.KEY_ENCRYPTION_KEY);
  }

  /** A new member's data key, wrapped, with what seals under it. */
  newKey(memberId: string): { wrapped: WrappedKey; sealing: Sealing } {
    const key = newDataKey();
    const wrapped = seal(this.settings.KEY_ENCRYPTION_KEY, placeOfKey(memberId), key);
    return {
      wrapped: { memberId, keyEncryptionKeyId: this.keyEncryptionKeyId, wrapped },
      sealing: new Sealing(memberId, key),
    };
  }

  /** What opens a member's fields. @throws CannotOpen when the key was wrapped by another key-encryption key */
  sealingOf({ memberId, wrapped }: WrappedKey): Sealing {
    const known = this.openKeys.get(memberId);
    if (known) return new Sealing(memberId, known);
    const key = open(this.settings.KEY_ENCRYPTION_KEY, placeOfKey(memberId), wrapped);
    this.openKeys.set(memberId, key);
    return new Sealing(memberId, key);
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
}

/** Seals and opens the fields of one member, each for its own column. */
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
    return `member.${column}:${this.memberId}`;
  }
}

/** A code token has 128 random bits, so that a plain hash of it cannot be searched. */
export function hashOfToken(codeToken: string): Buffer {
  return createHash('sha256').update(codeToken).digest();
}

function placeOfKey(memberId: string): string {
  return `member_key.wrapped:${memberId}`;
}

function nameOfKey(key: Buffer): string {
  return createHash('sha256').update('regulars key-encryption key\0').update(key).digest('hex').slice(0, 16);
}
