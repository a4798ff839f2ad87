import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { StoreChanged, TillChanged } from '@regulars/contracts/stores/v1/stores_events';
import { type CompactedReader, type CompactedRecord, type MessagingLog, readCompacted } from '@regulars/messaging';
import { SETTINGS } from '@regulars/service';
import type { GatewaySettings } from '../gateway.config.js';
import { Chain } from './chain.service.js';

const STORES = 'regulars.stores.store.v1';
const TILLS = 'regulars.stores.till.v1';

/** Token under which the log of messaging is injected. */
export const CHAIN_LOG = Symbol('chain log');

/** Hears of stores and tills on their compacted topics, from the beginning and for as long as the gateway runs. */
@Injectable()
export class ChainConsumer implements OnModuleInit, OnApplicationShutdown {
  private reader: CompactedReader | undefined;
  private isReady = false;

  constructor(
    @Inject(Chain) private readonly chain: Chain,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
    @Inject(CHAIN_LOG) private readonly log: MessagingLog,
  ) {}

  onModuleInit(): void {
    const { KAFKA_BROKERS: brokers, TOPIC_PREFIX: topicPrefix } = this.settings;
    this.reader = readCompacted({
      settings: { brokers, topicPrefix, clientId: 'gateway' },
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

  private hear({ topic, payload }: CompactedRecord): void {
    if (topic === STORES) this.chain.storeChanged(StoreChanged.fromJSON(payload));
    else this.chain.tillChanged(TillChanged.fromJSON(payload));
  }
}
