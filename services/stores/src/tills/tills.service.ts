import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Till, type TillKey } from '@regulars/contracts/stores/v1/stores';
import type { RepublishedEvent } from '@regulars/messaging';
import { mayActFor, type Principal } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { validate as isUuid, v7 as uuidv7 } from 'uuid';
import { type Caller, ChangesService, type Once } from '../changes/changes.service.js';
import { StoresService } from '../stores/stores.service.js';
import { hashOf, mostLiveKeys, tillSecret } from './keys.js';
import { keyOf, mostTills, type TillDraft, type TillTerms, tillChanged, tillOf } from './tills.js';
import * as rows from './tills.store.js';

export type CreateTill =
  | { readonly outcome: 'created'; readonly till: Till }
  | { readonly outcome: 'refused'; readonly reason: 'STORE_UNKNOWN' | 'TILL_NUMBER_TAKEN' | 'TOO_MANY_TILLS' };

export type SetTill =
  /** The till as JSON: its keys carry moments and bytes. */
  | { readonly outcome: 'set'; readonly till: unknown }
  | {
      readonly outcome: 'refused';
      readonly reason: 'TILL_UNKNOWN' | 'TILL_NUMBER_TAKEN' | 'VERSION_CHANGED' | 'NO_PUBLIC_KEY';
    };

export type IssueKey =
  | { readonly outcome: 'issued'; readonly key: TillKey; readonly secret: string }
  | { readonly outcome: 'refused'; readonly reason: 'TILL_UNKNOWN' | 'TOO_MANY_LIVE_KEYS' | 'PUBLIC_KEY_TAKEN' };

/** What is kept of it, to be answered again. */
type WithoutSecret = Exclude<IssueKey, { outcome: 'issued' }> | { readonly outcome: 'issued'; readonly key: TillKey };

export type RevokeKey =
  | { readonly outcome: 'revoked'; readonly key: TillKey }
  | { readonly outcome: 'refused'; readonly reason: 'TILL_UNKNOWN' | 'KEY_UNKNOWN' };

/** Revoked keys of a till that are still listed; all of them stay in the table. */
const revokedKeysListed = 20;

/** A till of a store outside a principal's scope does not exist for that principal (requirement O4). */
@Injectable()
export class TillsService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(ChangesService) private readonly changes: ChangesService,
    @Inject(StoresService) private readonly stores: StoresService,
  ) {}

  create(caller: Caller, draft: TillDraft): Promise<Once<CreateTill>> {
    return this.changes.once<CreateTill>(caller, { route: 'CreateTill', body: draft }, async (tx) => {
      if (!(await this.stores.exists(tx, caller.principal, draft.storeId))) {
        return { outcome: 'refused', reason: 'STORE_UNKNOWN' };
      }
      if (await rows.hasNumber(tx, draft.storeId, draft.number)) {
        return { outcome: 'refused', reason: 'TILL_NUMBER_TAKEN' };
      }
      if ((await rows.countTills(tx, draft.storeId)) >= mostTills) {
        return { outcome: 'refused', reason: 'TOO_MANY_TILLS' };
      }
      const latest = this.changes.first();
      const till = { tillId: uuidv7(), ...draft, mustSign: false, ...latest };
      await rows.addTill(tx, till);
      await this.changes.announce(tx, caller, 'till-created', tillChanged(till, [], latest));
      return { outcome: 'created', till: tillOf(till, []) };
    });
  }

  /** All tills of a store by number; undefined when the store does not exist for the principal. */
  async list(principal: Principal, storeId: string): Promise<Till[] | undefined> {
    const { manager } = this.dataSource;
    if (!(await this.stores.exists(manager, principal, storeId))) return undefined;
    const tills = await rows.tillsOfStore(manager, storeId, mostTills);
    const keys = await rows.keysOf(manager, tills.map(tillIdOf), revokedKeysListed);
    return tills.map((till) => tillOf(till, keysOf(till, keys)));
  }

  /** Undefined when it does not exist for the principal. */
  async find(principal: Principal, tillId: string): Promise<Till | undefined> {
    const { manager } = this.dataSource;
    const till = await this.tillFor(manager, principal, tillId);
    return till && tillOf(till, await rows.keysOf(manager, [tillId], revokedKeysListed));
  }

  /** Replaces what can be changed of a till, unless somebody changed it since it was read. */
  set(caller: Caller, terms: TillTerms): Promise<Once<SetTill>> {
    return this.changes.once<SetTill>(caller, { route: 'SetTill', body: terms }, async (tx) => {
      const { tillId, expectedVersion, number, mustSign } = terms;
      const before = await this.tillFor(tx, caller.principal, tillId);
      if (!before) return { outcome: 'refused', reason: 'TILL_UNKNOWN' };
      if (before.version !== expectedVersion) return { outcome: 'refused', reason: 'VERSION_CHANGED' };
      if (number !== before.number && (await rows.hasNumber(tx, before.storeId, number))) {
        return { outcome: 'refused', reason: 'TILL_NUMBER_TAKEN' };
      }
      const keys = await rows.keysOf(tx, [tillId], revokedKeysListed);
      const signs = keys.some(({ publicKey, revokedAt }) => publicKey !== null && revokedAt === null);
      if (mustSign && !signs) return { outcome: 'refused', reason: 'NO_PUBLIC_KEY' };
      const latest = this.changes.next(before.version);
      const till = Object.assign(before, { number, mustSign, ...latest });
      await rows.setTill(tx, tillId, { number, mustSign, ...latest });
      await this.changes.announce(tx, caller, 'till-changed', tillChanged(till, keys, latest));
      return { outcome: 'set', till: Till.toJSON(tillOf(till, keys)) };
    });
  }

  /**
   * Makes a bearer key, or takes the public key with which the till signs. The secret is in this answer and nowhere else,
   * so that a repeated answer has none.
   */
  async issueKey(caller: Caller, tillId: string, publicKey: Buffer | undefined): Promise<Once<IssueKey>> {
    const secret = publicKey ? '' : tillSecret(tillId, randomBytes(32));
    const issued = await this.changes.once<WithoutSecret>(
      caller,
      { route: 'IssueTillKey', body: { tillId, publicKey } },
      async (tx) => {
        const till = await this.tillFor(tx, caller.principal, tillId);
        if (!till) return { outcome: 'refused', reason: 'TILL_UNKNOWN' };
        const live = await rows.liveKeysOf(tx, [tillId]);
        if (live.length >= mostLiveKeys) return { outcome: 'refused', reason: 'TOO_MANY_LIVE_KEYS' };
        if (publicKey && (await rows.hasPublicKey(tx, publicKey))) {
          return { outcome: 'refused', reason: 'PUBLIC_KEY_TAKEN' };
        }
        const latest = this.changes.next(till.version);
        const key = {
          keyId: uuidv7(),
          tillId,
          sha256: hashOf(publicKey ?? secret),
          publicKey: publicKey ?? null,
          createdAt: latest.changedAt,
          revokedAt: null,
          lastUsedAt: null,
        };
        await rows.addKey(tx, key);
        await rows.setLatest(tx, tillId, latest);
        await this.changes.announce(tx, caller, 'till-key-issued', tillChanged(till, [...live, key], latest));
        return { outcome: 'issued', key: keyOf(key) };
      },
    );
    return issued.outcome === 'issued' ? { ...issued, secret: issued.replayed ? '' : secret } : issued;
  }

  /** Notes when keys were last used. */
  async reportUses(uses: readonly rows.KeyUse[]): Promise<void> {
    await rows.noteUses(this.dataSource.manager, uses);
  }

  /** Ends a key. Safe to repeat: a key that has ended stays as it is, and nothing is announced. */
  revokeKey(caller: Caller, tillId: string, keyId: string): Promise<RevokeKey> {
    return this.changes.transaction(async (tx) => {
      const till = await this.tillFor(tx, caller.principal, tillId);
      if (!till) return { outcome: 'refused', reason: 'TILL_UNKNOWN' };
      const key = isUuid(keyId) ? await rows.findKey(tx, tillId, keyId) : null;
      if (!key) return { outcome: 'refused', reason: 'KEY_UNKNOWN' };
      if (key.revokedAt) return { outcome: 'revoked', key: keyOf(key) };
      const latest = this.changes.next(till.version);
      const revokedAt = latest.changedAt;
      await rows.revokeKey(tx, keyId, revokedAt);
      await rows.setLatest(tx, tillId, latest);
      const live = await rows.liveKeysOf(tx, [tillId]);
      await this.changes.announce(tx, caller, 'till-key-revoked', tillChanged(till, live, latest));
      return { outcome: 'revoked', key: { ...keyOf(key), revokedAt } };
    }, caller.isDryRun);
  }

  /** The latest events of a page of tills by id, as they were published, from after `tillId`. */
  async latestEvents(tx: EntityManager, tillId: string, limit: number): Promise<RepublishedEvent[]> {
    const tills = await rows.tillsAfter(tx, tillId, limit);
    const live = await rows.liveKeysOf(tx, tills.map(tillIdOf));
    return tills.map((till) => tillChanged(till, keysOf(till, live), till));
  }

  private async tillFor(tx: EntityManager, principal: Principal, tillId: string): Promise<rows.TillRow | undefined> {
    const till = isUuid(tillId) ? await rows.findTill(tx, tillId) : null;
    return till && mayActFor(principal, till.storeId) ? till : undefined;
  }
}

const tillIdOf = (row: { tillId: string }) => row.tillId;
const keysOf = (till: rows.TillRow, keys: readonly rows.TillKeyRow[]) =>
  keys.filter((key) => key.tillId === till.tillId);
