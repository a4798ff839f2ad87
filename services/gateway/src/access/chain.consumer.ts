import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { StoreChanged, TillChanged } from '@regulars/contracts/stores/v1/stores_events';
import { type CompactedReader, type CompactedRecord, type MessagingLog, readCompacted } from '@regulars/messaging';
import { type Principal, SETTINGS } from '@regulars/service';
import type { GatewaySettings } from '../gateway.config.js';
import { claimedTill, isOneOf, withoutDashes } from './till-keys.js';

const STORES = 'regulars.stores.store.v1';
const TILLS = 'regulars.stores.till.v1';

/** A till that calls, as stores announced it. */
export interface Till {
  readonly tillId: string;
  readonly storeId: string;
  readonly keys: readonly Uint8Array[];
  readonly principal: Principal;
  /** The signed principal, kept here for as long as it may be used without asking the signer. */
  signed: { readonly token: string; readonly untilMs: number } | undefined;
}

/** Token under which the log of messaging is injected. */
export const CHAIN_LOG = Symbol('chain log');

/**
 * The chain as stores announces it on compacted topics, in memory: which stores there are, and which till a key is of.
 * A revoked key is missing from the next record of its till, so it is refused as soon as that is heard.
 */
@Injectable()
export class Chain implements OnModuleInit, OnApplicationShutdown {
  private readonly stores = new Map<string, { readonly currency: string }>();
  private readonly tills = new Map<string, Till>();
  private reader: CompactedReader | undefined;
  private isReady = false;

  constructor(
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
    @Inject(CHAIN_LOG) private readonly log: MessagingLog,
  ) {}

  onModuleInit(): void {
    this.reader = readCompacted({
      settings: {
        brokers: this.settings.KAFKA_BROKERS,
        topicPrefix: this.settings.TOPIC_PREFIX,
        clientId: 'gateway',
      },
      topics: [STORES, TILLS],
      onRecord: (record) => this.hear(record),
      log: this.log,
    });
    void this.reader.ready.then(() => {
      this.isReady = true;
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.reader?.stop();
  }

  /** For readiness: throws until everything that was announced before the start has been heard. */
  async check(): Promise<void> {
    if (!this.isReady) throw new Error('stores and tills are still being read');
  }

  /** The till that a key belongs to; undefined for a key that is wrong, revoked or not announced yet. */
  tillOf(key: string): Till | undefined {
    const till = this.tills.get(claimedTill(key) ?? '');
    return till && isOneOf(key, till.keys) ? till : undefined;
  }

  hasStore(storeId: string): boolean {
    return this.stores.has(storeId);
  }

  hasTill(storeId: string, tillId: string): boolean {
    return this.tills.get(withoutDashes(tillId))?.storeId === storeId;
  }

  private hear(record: CompactedRecord): void {
    if (record.topic === STORES) {
      const { store } = StoreChanged.fromJSON(record.payload);
      if (store) this.stores.set(store.storeId, { currency: store.currency });
      return;
    }
    const { tillId, storeId, liveKeys } = TillChanged.fromJSON(record.payload);
    const principal: Principal = { sub: tillId, kind: 'till', roles: [], stores: [storeId] };
    const keys = liveKeys.map((key) => key.sha256);
    this.tills.set(withoutDashes(tillId), { tillId, storeId, keys, principal, signed: undefined });
  }
}
