import type { Broker, PartitionRange, RecordBatch, StoredRecord } from './broker.js';
import { reasonOf } from './failure.js';
import { connectKafkajs } from './kafkajs.js';
import { Progress } from './progress.js';
import { eventOf } from './record.js';
import type { MessagingLog, MessagingSettings } from './settings.js';
import { Alarm, atMost, backoffMs } from './waiting.js';

/** The latest record of a key in a compacted topic. */
export interface CompactedRecord {
  /** Topic without the installation's prefix. */
  readonly topic: string;
  readonly key: string;
  readonly type: string;
  /** Proto JSON; give it to the message's `fromJSON`. */
  readonly payload: unknown;
  readonly time: Date;
  /** Grows with every record of the owner; compare as text. */
  readonly version: string;
}

export interface CompactedOptions {
  readonly settings: Pick<MessagingSettings, 'brokers' | 'topicPrefix' | 'clientId'>;
  /** Compacted topics without the installation's prefix. */
  readonly topics: readonly string[];
  /** Called for every record that replaces what was known of its key, during the first read and after. */
  readonly onRecord?: (record: CompactedRecord) => void;
  readonly log?: MessagingLog;
}

/** A copy of compacted topics in memory, kept up to date. */
export interface CompactedReader {
  /** Resolves when everything that stood in the topics at the start is in the copy; never rejects. */
  readonly ready: Promise<void>;
  get(topic: string, key: string): CompactedRecord | undefined;
  records(topic: string): Iterable<CompactedRecord>;
  stop(): Promise<void>;
}

const WATCH_EVERY_MS = 10_000;
const STALLED_AFTER_MS = 60_000;
const LONGEST_BACKOFF_MS = 2_000;
const STOP_WITHIN_MS = 5_000;

/** Reads whole topics without a group and goes on listening; waits for topics and brokers that are not there yet. */
export function readCompacted(options: CompactedOptions): CompactedReader {
  const { brokers, clientId } = options.settings;
  const copy = new TopicCopy(connectKafkajs(brokers, clientId), options);
  copy.start();
  return copy;
}

class TopicCopy implements CompactedReader {
  readonly ready: Promise<void>;
  readonly #records: ReadonlyMap<string, Map<string, CompactedRecord>>;
  readonly #progress = new Progress();
  readonly #alarm = new Alarm();
  #goal: ReadonlyMap<string, readonly PartitionRange[]> | undefined;
  #becomeReady: () => void = () => undefined;
  #stopping = false;
  #ended: Promise<void> = Promise.resolve();

  constructor(
    private readonly broker: Broker,
    private readonly options: CompactedOptions,
  ) {
    this.#records = new Map(options.topics.map((topic) => [topic, new Map()]));
    this.ready = new Promise((resolve) => {
      this.#becomeReady = resolve;
    });
  }

  start(): void {
    this.#ended = this.#run();
  }

  get(topic: string, key: string): CompactedRecord | undefined {
    return this.#records.get(topic)?.get(key);
  }

  records(topic: string): Iterable<CompactedRecord> {
    return this.#records.get(topic)?.values() ?? [];
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#alarm.ring();
    await atMost(STOP_WITHIN_MS, this.#ended);
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#isStopping(); failures++) {
      try {
        if (await this.broker.hasTopics(this.options.topics.map((topic) => this.#nameOf(topic)))) await this.#read();
      } catch (error) {
        this.options.log?.warn('The reader of compacted topics begins anew', { reason: reasonOf(error) });
      }
      if (!this.#isStopping()) await this.#alarm.sleep(backoffMs(failures, 250, LONGEST_BACKOFF_MS));
    }
    await this.broker.close().catch(() => undefined);
  }

  /** One client, from the beginning of every partition, until it is stopped or stands still. */
  async #read(): Promise<void> {
    let crash: Error | undefined;
    const ends = await this.#ranges();
    this.#goal ??= ends;
    for (const [topic, ranges] of ends) {
      for (const { partition, first } of ranges) this.#progress.begin({ topic, partition }, first, Date.now());
    }
    this.#checkReady();
    const subscriber = await this.broker.subscribe({
      topics: [...ends.keys()],
      onBatch: (batch) => this.#take(batch),
      onSkipped: (at) => this.#reach(at, at.offset),
      onCrash: (error) => {
        crash = error;
        this.#alarm.ring();
      },
    });
    try {
      while (!this.#isStopping()) {
        await this.#alarm.sleep(WATCH_EVERY_MS);
        if (crash) throw crash;
        if (!this.#isStopping() && (await this.#isStalled())) throw new Error('It has lag and no progress');
      }
    } finally {
      await atMost(
        STOP_WITHIN_MS,
        subscriber.close().catch(() => undefined),
      );
    }
  }

  async #take(batch: RecordBatch): Promise<number> {
    const topic = batch.topic.slice(this.options.settings.topicPrefix.length);
    for (const record of batch.records) this.#keep(topic, batch.partition, record);
    this.#reach(batch, batch.next);
    return batch.next;
  }

  /** A deposed relay may write an older record behind a newer one: the version decides, not the offset. */
  #keep(topic: string, partition: number, stored: StoredRecord): void {
    try {
      const { key, type, payload, time, version = '' } = eventOf(topic, partition, stored);
      const known = this.get(topic, key);
      if (known && known.version > version) return;
      const record = { topic, key, type, payload, time, version };
      this.#records.get(topic)?.set(key, record);
      this.options.onRecord?.(record);
    } catch (error) {
      const { offset } = stored;
      this.options.log?.error('A record cannot be read', { topic, partition, offset, reason: reasonOf(error) });
    }
  }

  #reach(at: { topic: string; partition: number }, offset: number): void {
    this.#progress.reach(at, offset, Date.now());
    this.#checkReady();
  }

  #checkReady(): void {
    for (const [topic, ranges] of this.#goal ?? []) {
      if (ranges.some((range) => this.#progress.lag(topic, range) !== 0)) return;
    }
    if (this.#goal) this.#becomeReady();
  }

  #isStopping(): boolean {
    return this.#stopping;
  }

  async #isStalled(): Promise<boolean> {
    const current = await this.#ranges();
    const nowMs = Date.now();
    return [...current].some(([topic, ranges]) => {
      return this.#progress.isStalled(topic, ranges, nowMs, STALLED_AFTER_MS);
    });
  }

  async #ranges(): Promise<Map<string, readonly PartitionRange[]>> {
    const names = this.options.topics.map((topic) => this.#nameOf(topic));
    return new Map(await Promise.all(names.map(async (name) => [name, await this.broker.ranges(name)] as const)));
  }

  #nameOf(topic: string): string {
    return this.options.settings.topicPrefix + topic;
  }
}
