import type { DataSource } from 'typeorm';
import { BatchApplication } from './batch-application.js';
import type {
  BatchControl,
  Broker,
  PartitionRange,
  Position,
  RecordBatch,
  StoredRecord,
  Subscriber,
  TopicPartition,
} from './broker.js';
import { Carriage } from './carriage.js';
import type { EventConsumer } from './event.js';
import { reasonOf } from './failure.js';
import { consumerMetrics } from './metrics.js';
import { loadOffsets, moveOffsets, type OffsetOwner } from './offsets.js';
import { Progress } from './progress.js';
import type { MessagingLog, MessagingSettings } from './settings.js';
import { Alarm, atMost, backoffMs } from './waiting.js';

/** Events of one partition in a database transaction. */
const CHUNK_EVENTS = 500;

/** Events of all the partitions that share a transaction. */
const MOST_EVENTS = 1_000;

const LONGEST_BACKOFF_MS = 2_000;
const STOP_WITHIN_MS = 5_000;

export interface ConsumerLoopOptions {
  readonly broker: Broker;
  readonly dataSource: DataSource;
  readonly consumer: EventConsumer;
  readonly settings: Pick<MessagingSettings, 'topicPrefix'>;
  readonly log: MessagingLog;
  /** How often lag is looked at, and after how long without progress the client is replaced. */
  readonly watch?: { readonly everyMs: number; readonly stalledAfterMs: number };
}

/**
 * Hears one topic for one group: the effect of a batch and its offset are one transaction. Runs until it is stopped:
 * waits for topics, brokers and databases, and replaces a client that crashed or stands still.
 */
export class ConsumerLoop {
  readonly #alarm = new Alarm();
  readonly #application: BatchApplication;
  readonly #owner: OffsetOwner;
  readonly #labels: { group: string; topic: string };
  readonly #watch: { readonly everyMs: number; readonly stalledAfterMs: number };
  /** Next offset of each partition of this member, as the database has it. */
  readonly #stored = new Map<number, number>();
  /** The same, also past what holds nothing for a reader. */
  readonly #progress = new Progress();
  #batchesInHand = 0;
  #joined = false;
  #stopping = false;
  #ended: Promise<void> = Promise.resolve();

  constructor(private readonly options: ConsumerLoopOptions) {
    const { consumer, settings } = options;
    this.#labels = { group: consumer.group, topic: consumer.topic };
    this.#owner = { group: consumer.group, topic: settings.topicPrefix + consumer.topic };
    this.#watch = options.watch ?? { everyMs: 10_000, stalledAfterMs: 60_000 };
    this.#application = new BatchApplication(options.dataSource, consumer, this.#owner, options.log);
  }

  start(): void {
    this.#ended = this.#run();
  }

  /** Finishes the transactions in hand; leaves a dead server behind after five seconds. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#alarm.ring();
    await atMost(STOP_WITHIN_MS, this.#ended);
  }

  async #run(): Promise<void> {
    // Without a zero before it the first reset is no increase, and no alert.
    consumerMetrics.resets.inc(this.#labels, 0);
    let failures = 0;
    while (!this.#isStopping()) {
      try {
        if (await this.options.broker.hasTopics([this.#owner.topic])) {
          await this.#listen();
          if (this.#isStopping()) return;
          consumerMetrics.restarts.inc({ ...this.#labels, cause: 'stalled' });
          this.options.log.warn('A consumer had lag and no progress: its client is replaced', this.#labels);
          failures = 0;
        }
      } catch (error) {
        consumerMetrics.restarts.inc({ ...this.#labels, cause: 'failed' });
        this.options.log.warn('A consumer begins anew', { ...this.#labels, reason: reasonOf(error) });
      }
      await this.#alarm.sleep(backoffMs(failures++, 250, LONGEST_BACKOFF_MS));
    }
  }

  /** One client, until it is stopped or stands still; throws when it crashes. */
  async #listen(): Promise<void> {
    let crash: Error | undefined;
    this.#joined = false;
    const startedAtMs = Date.now();
    const subscriber = await this.#subscribe((error) => {
      crash = error;
      this.#alarm.ring();
    });
    try {
      while (!this.#isStopping()) {
        await this.#alarm.sleep(this.#watch.everyMs);
        if (crash) throw crash;
        if (!this.#isStopping() && (await this.#isStalled(startedAtMs))) return;
      }
    } finally {
      await atMost(
        STOP_WITHIN_MS,
        subscriber.close().catch(() => undefined),
      );
      this.#forget();
    }
  }

  #subscribe(onCrash: (error: Error) => void): Promise<Subscriber> {
    const carriage = new Carriage((portions, control) => this.#application.settle(portions, control), MOST_EVENTS);
    return this.options.broker.subscribe({
      // One group per topic: members of a group have to hear the same topics, also while a new version rolls out.
      group: `${this.options.settings.topicPrefix}${this.#labels.group}.${this.#labels.topic}`,
      topics: [this.#owner.topic],
      fetchEveryMs: this.options.consumer.fetchEveryMs,
      startAt: (assigned, superseded) => this.#startAt(assigned, superseded),
      onBatch: (batch, control) => this.#onBatch(batch, control, carriage),
      onSkipped: (at) => this.#progress.reach(at, at.offset, Date.now()),
      onCrash,
    });
  }

  async #startAt(assigned: readonly TopicPartition[], superseded: () => boolean): Promise<readonly Position[]> {
    const partitions = assigned.map(({ partition }) => partition);
    for (let attempt = 0; !superseded() && !this.#isStopping(); attempt++) {
      try {
        const offsets = await this.#loadOffsets(partitions);
        if (superseded()) break;
        this.#forget();
        this.#joined = true;
        return [...offsets].map(([partition, offset]) => this.#begin(partition, offset));
      } catch (error) {
        this.options.log.warn('Offsets cannot be read', { ...this.#labels, reason: reasonOf(error) });
        await new Promise((resolve) => setTimeout(resolve, backoffMs(attempt, 100, LONGEST_BACKOFF_MS)));
      }
    }
    return [];
  }

  async #onBatch(batch: RecordBatch, control: BatchControl, carriage: Carriage): Promise<number> {
    const { partition } = batch;
    let from = this.#stored.get(partition);
    if (from === undefined) return batch.records[0]?.offset ?? batch.next;
    const unread = batch.records.filter((record) => record.offset >= (from ?? 0));
    this.#batchesInHand += 1;
    try {
      for (const chunk of chunksOf(unread)) {
        const last = chunk.at(-1);
        if (!last) break;
        const next = last === unread.at(-1) ? batch.next : last.offset + 1;
        const settled = await carriage.carry({ partition, from, records: chunk, next }, control);
        if (settled !== 'settled') return settled === 'lost' ? await this.#reload(partition) : from;
        this.#stored.set(partition, next);
        this.#progress.reach(batch, next, Date.now());
        from = next;
        await control.heartbeat();
      }
      this.#progress.reach(batch, batch.next, Date.now());
      return batch.next;
    } finally {
      this.#batchesInHand -= 1;
    }
  }

  /** Where a partition goes on whose offset another member, or an unsure commit of our own, has moved. */
  async #reload(partition: number): Promise<number> {
    consumerMetrics.lost.inc(this.#labels);
    const offsets = await this.#loadOffsets([partition]);
    return this.#begin(partition, offsets.get(partition) ?? 0).offset;
  }

  async #loadOffsets(partitions: readonly number[]): Promise<Map<number, number>> {
    const { dataSource, broker, log } = this.options;
    const ranges = () => broker.ranges(this.#owner.topic);
    const { offsets, resets } = await loadOffsets(dataSource, this.#owner, partitions, ranges);
    for (const reset of resets) {
      consumerMetrics.resets.inc(this.#labels);
      log.error('A stored offset lay outside its topic: publish again what may be missing', { ...this.#labels, reset });
    }
    return offsets;
  }

  #begin(partition: number, offset: number): Position {
    const at = { topic: this.#owner.topic, partition };
    this.#stored.set(partition, offset);
    this.#progress.begin(at, offset, Date.now());
    return { ...at, offset };
  }

  /** Measures lag on the way. A batch in hand is not a client that stands still. */
  async #isStalled(startedAtMs: number): Promise<boolean> {
    const nowMs = Date.now();
    if (!this.#joined) return nowMs - startedAtMs > this.#watch.stalledAfterMs;
    try {
      const { topic } = this.#owner;
      const ranges = await this.options.broker.ranges(topic);
      for (const range of ranges) {
        const lag = this.#progress.lag(topic, range);
        if (lag !== undefined) consumerMetrics.lag.set({ ...this.#labels, partition: range.partition }, lag);
      }
      await this.#countParked();
      if (this.#batchesInHand > 0) return false;
      await this.#storeReached(ranges);
      return this.#progress.isStalled(topic, ranges, nowMs, this.#watch.stalledAfterMs);
    } catch (error) {
      this.options.log.warn('The lag of a consumer cannot be measured', { ...this.#labels, reason: reasonOf(error) });
      this.#progress.excuse(nowMs);
      return false;
    }
  }

  /** Keeps the way past the markers at the end of a partition, so that lag is exact for whoever comes next. */
  async #storeReached(ranges: readonly PartitionRange[]): Promise<void> {
    const moves = ranges.flatMap((range) => {
      const { partition, next } = range;
      const from = this.#stored.get(partition);
      const isBehind = from !== undefined && from !== next && this.#progress.lag(this.#owner.topic, range) === 0;
      return isBehind ? [{ partition, from, next }] : [];
    });
    if (moves.length === 0) return;
    const moved = await this.options.dataSource.transaction((tx) => moveOffsets(tx, this.#owner, moves));
    for (const { partition, from, next } of moves) {
      if (moved.has(partition) && this.#stored.get(partition) === from) this.#stored.set(partition, next);
    }
  }

  async #countParked(): Promise<void> {
    const [found] = await this.options.dataSource.query<{ keys: number }[]>(
      'select count(*)::integer as keys from parked_key where group_id = $1 and topic = $2',
      [this.#labels.group, this.#labels.topic],
    );
    consumerMetrics.parkedKeys.set(this.#labels, found?.keys ?? 0);
  }

  #isStopping(): boolean {
    return this.#stopping;
  }

  #forget(): void {
    for (const partition of this.#stored.keys()) consumerMetrics.lag.remove({ ...this.#labels, partition });
    this.#stored.clear();
    this.#progress.clear();
  }
}

function chunksOf(records: readonly StoredRecord[]): StoredRecord[][] {
  const chunks: StoredRecord[][] = [];
  for (let at = 0; at < records.length; at += CHUNK_EVENTS) chunks.push(records.slice(at, at + CHUNK_EVENTS));
  return chunks;
}
