import { randomUUID } from 'node:crypto';
import {
  type Admin,
  type Consumer,
  type EachBatchPayload,
  type ICustomPartitioner,
  type IHeaders,
  Kafka,
  type KafkaMessage,
  logLevel,
  type Message,
  type Producer,
  type TopicMessages,
} from 'kafkajs';
import type {
  BatchProducer,
  Broker,
  NewRecord,
  NewTopic,
  PartitionRange,
  StoredRecord,
  Subscriber,
  Subscription,
  TopicPartition,
} from './broker.js';
import { restWhileNothingWaits } from './kafkajs-idle.js';
import { partitionOf } from './murmur2.js';
import { restAfterMs } from './waiting.js';

restWhileNothingWaits();

/** A transaction whose relay died is given up by the broker after this; until then readers wait behind it. */
const TRANSACTION_TIMEOUT_MS = 15_000;

/** How long a poll of an idle topic is held; a record that arrives answers it at once. */
const LONG_POLL_MS = 500;

/** How often and how long a new topic is waited for. */
const LEADER_ATTEMPTS = 100;
const LEADER_PAUSE_MS = 100;

/** For as long as this nobody hears the partitions of a member that died without a word. */
const SESSION_TIMEOUT_MS = 10_000;
const HEARTBEAT_MS = 2_000;

/** Partitions of one fetch that are handed over at once, so that they can share a database transaction. */
const CONCURRENT_PARTITIONS = 64;

/** A busy topic is fetched so often: each fetch costs the broker and the reader as much as dozens of records do. */
const FETCH_EVERY_MS = 40;

/** The port over kafkajs. It is silent: what goes wrong is thrown or reported to whoever called. */
export function connectKafkajs(brokers: readonly string[], clientId: string): Broker {
  const kafka = new Kafka({
    brokers: [...brokers],
    clientId,
    connectionTimeout: 3_000,
    requestTimeout: 20_000,
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 },
  });
  return new KafkajsBroker(kafka, clientId);
}

class KafkajsBroker implements Broker {
  #admin: Promise<Admin> | undefined;

  constructor(
    private readonly kafka: Kafka,
    private readonly clientId: string,
  ) {}

  async createTopics(topics: readonly NewTopic[]): Promise<void> {
    await this.#ask(async (admin) => {
      const existing = new Set(await admin.listTopics());
      const missing = topics.filter((topic) => !existing.has(topic.name));
      if (missing.length === 0) return;
      await admin.createTopics({
        // kafkajs gives up where a broker that has not heard of the topic yet is asked for its leader.
        waitForLeaders: false,
        topics: missing.map((topic) => ({
          topic: topic.name,
          numPartitions: topic.partitions,
          replicationFactor: topic.replication,
          configEntries: [{ name: 'cleanup.policy', value: topic.compacted ? 'compact' : 'delete' }],
        })),
      });
      await untilLed(
        admin,
        missing.map((topic) => topic.name),
      );
    });
  }

  async hasTopics(names: readonly string[]): Promise<boolean> {
    const existing = new Set(await this.#ask((admin) => admin.listTopics()));
    return names.every((name) => existing.has(name));
  }

  async ranges(topic: string): Promise<readonly PartitionRange[]> {
    const offsets = await this.#ask((admin) => admin.fetchTopicOffsets(topic));
    return offsets.map(({ partition, low, high }) => ({ partition, first: Number(low), next: Number(high) }));
  }

  async openProducer(transactionalId: string): Promise<BatchProducer> {
    const producer = this.kafka.producer({
      transactionalId,
      idempotent: true,
      maxInFlightRequests: 1,
      transactionTimeout: TRANSACTION_TIMEOUT_MS,
      allowAutoTopicCreation: false,
      createPartitioner: byKey,
      // A transaction that follows at once finds the one before still being marked, and waits a few milliseconds.
      retry: { initialRetryTime: 8, maxRetryTime: 1_000, retries: 9 },
    });
    await producer.connect();
    // Only a transaction makes kafkajs register the id with the broker, and only that fences whoever had it before.
    await (await producer.transaction()).abort();
    return new KafkajsProducer(producer);
  }

  async subscribe(subscription: Subscription): Promise<Subscriber> {
    const subscriber = new KafkajsSubscriber(this.kafka, this.clientId, subscription);
    await subscriber.start();
    return subscriber;
  }

  async close(): Promise<void> {
    const admin = this.#admin;
    this.#admin = undefined;
    await (await admin)?.disconnect();
  }

  /** One connection serves all questions; one that failed is not asked again. */
  async #ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = (this.#admin ??= this.#connectAdmin());
    try {
      return await question(await admin);
    } catch (error) {
      if (this.#admin === admin) {
        this.#admin = undefined;
        admin.then((failed) => failed.disconnect()).catch(() => undefined);
      }
      throw error;
    }
  }

  async #connectAdmin(): Promise<Admin> {
    const admin = this.kafka.admin();
    await admin.connect();
    return admin;
  }
}

/** Waits until every partition of new topics has a leader. @throws what the broker says when that takes ten seconds */
async function untilLed(admin: Admin, topics: string[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { topics: found } = await admin.fetchTopicMetadata({ topics });
      if (found.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))) return;
      if (attempt === LEADER_ATTEMPTS) throw new Error(`No leader yet for ${topics.join(', ')}`);
    } catch (error) {
      if (attempt === LEADER_ATTEMPTS) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, LEADER_PAUSE_MS));
  }
}

const byKey: ICustomPartitioner = () => {
  return ({ message, partitionMetadata }) => partitionOf(message.key as Buffer, partitionMetadata.length);
};

class KafkajsProducer implements BatchProducer {
  constructor(private readonly producer: Producer) {}

  async send(records: readonly NewRecord[]): Promise<void> {
    const transaction = await this.producer.transaction();
    try {
      await transaction.sendBatch({ acks: -1, topicMessages: byTopic(records) });
      await transaction.commit();
    } catch (error) {
      await transaction.abort().catch(() => undefined);
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.producer.disconnect();
  }
}

function byTopic(records: readonly NewRecord[]): TopicMessages[] {
  const topics = new Map<string, Message[]>();
  for (const { topic, key, value, headers, time } of records) {
    const message = { key: Buffer.from(key), value, headers, timestamp: String(time.getTime()) };
    const messages = topics.get(topic);
    if (messages) messages.push(message);
    else topics.set(topic, [message]);
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }));
}

/**
 * One kafkajs consumer. kafkajs knows no reading without a group, so a reader of whole topics joins a group that nobody
 * else knows and never commits.
 */
class KafkajsSubscriber implements Subscriber {
  readonly #consumer: Consumer;
  #assignment = 0;
  #assigned = new Set<string>();
  #fetchedAtMs = 0;
  #rest: Promise<void> | undefined;

  constructor(
    kafka: Kafka,
    clientId: string,
    private readonly subscription: Subscription,
  ) {
    this.#consumer = kafka.consumer({
      groupId: subscription.group ?? `${clientId}-reader-${randomUUID()}`,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
      maxWaitTimeInMs: LONG_POLL_MS,
      allowAutoTopicCreation: false,
      retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 },
    });
  }

  async start(): Promise<void> {
    const consumer = this.#consumer;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => this.#onAssigned(payload.memberAssignment));
    consumer.on(consumer.events.FETCH, () => {
      this.#fetchedAtMs = performance.now();
    });
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      const { topic, partition, batchSize, lastOffset } = payload;
      if (batchSize === 0) this.subscription.onSkipped({ topic, partition, offset: Number(lastOffset) + 1 });
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) this.subscription.onCrash(payload.error);
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [...this.subscription.topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: CONCURRENT_PARTITIONS,
      eachBatch: (payload) => this.#onBatch(payload),
    });
  }

  async close(): Promise<void> {
    this.#assignment += 1;
    await this.#consumer.disconnect();
  }

  /** Fetching starts as soon as this returns: what is assigned stays paused until its start is known. */
  #onAssigned(memberAssignment: Readonly<Record<string, readonly number[]>>): void {
    const assignment = ++this.#assignment;
    const assigned = Object.entries(memberAssignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => ({ topic, partition })),
    );
    this.#assigned = new Set(assigned.map(nameOf));
    if (!this.subscription.startAt || assigned.length === 0) return;
    this.#consumer.pause(assigned.map(asList));
    void this.#place(assigned, () => assignment !== this.#assignment);
  }

  async #place(assigned: readonly TopicPartition[], superseded: () => boolean): Promise<void> {
    try {
      const positions = (await this.subscription.startAt?.(assigned, superseded)) ?? [];
      if (superseded()) return;
      for (const { topic, partition, offset } of positions) {
        this.#consumer.seek({ topic, partition, offset: String(offset) });
      }
      this.#consumer.resume(assigned.map(asList));
    } catch (error) {
      if (!superseded()) this.subscription.onCrash(error as Error);
    }
  }

  async #onBatch(payload: EachBatchPayload): Promise<void> {
    if (payload.isStale() || !payload.isRunning()) return;
    const { topic, partition, messages } = payload.batch;
    const last = messages.at(-1)?.offset;
    if (last === undefined) return;
    const next = Number(payload.batch.lastOffset()) + 1;
    const goOnAt = await this.subscription.onBatch(
      { topic, partition, records: messages.map(stored), next },
      { heartbeat: () => payload.heartbeat(), stopping: () => !payload.isRunning() },
    );
    // kafkajs fails on a partition that it was told of and that was taken away in the meantime.
    if (!this.#assigned.has(nameOf({ topic, partition }))) return;
    if (goOnAt === next) payload.resolveOffset(last);
    else this.#consumer.seek({ topic, partition, offset: String(goOnAt) });
    await this.#restUntilNextFetch();
  }

  /**
   * kafkajs fetches again when every batch of a fetch is handled. Its own `minBytes` would make the first record after
   * a silence wait; this answers it at once and gathers what follows.
   */
  #restUntilNextFetch(): Promise<void> {
    const everyMs = this.subscription.fetchEveryMs ?? FETCH_EVERY_MS;
    const leftMs = restAfterMs(performance.now() - this.#fetchedAtMs, everyMs);
    this.#rest ??= new Promise<void>((resolve) => setTimeout(resolve, leftMs)).finally(() => {
      this.#rest = undefined;
    });
    return this.#rest;
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

function asList({ topic, partition }: TopicPartition): { topic: string; partitions: number[] } {
  return { topic, partitions: [partition] };
}

function stored(message: KafkaMessage): StoredRecord {
  return {
    offset: Number(message.offset),
    key: message.key?.toString() ?? '',
    value: message.value,
    headers: textHeaders(message.headers),
    time: new Date(Number(message.timestamp)),
  };
}

function textHeaders(headers: IHeaders | undefined): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) texts[name] = first.toString();
  }
  return texts;
}
