import { randomUUID } from 'node:crypto';
import { type TestDatabase, type TestTopics, type TopicRecord, testDatabase, testTopics } from '@regulars/testing';
import { Kafka, logLevel } from 'kafkajs';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Broker, NewRecord } from '../broker.js';
import { ConsumerLoop, type ConsumerLoopOptions } from '../consumer-loop.js';
import { BadEvent, type EventConsumer, type ReceivedEvent } from '../event.js';
import { connectKafkajs } from '../kafkajs.js';
import { partitionOf } from '../murmur2.js';
import { appendToOutbox, type OutboxEvent } from '../outbox.js';
import { Relay } from '../relay.js';
import type { MessagingLog, MessagingSettings, TopicSpec } from '../settings.js';
import { messagingOrder, messagingTables } from '../tables.js';

/** Every client that is to stand behind the port has to pass the suite. */
export const clients = [{ client: 'kafkajs', connect: connectKafkajs }] as const;
export type Connect = (typeof clients)[number]['connect'];

export const POINTS = 'regulars.loyalty.points.v1';
export const TILLS = 'regulars.stores.till.v1';

const topics: readonly TopicSpec[] = [{ name: POINTS }, { name: TILLS, compacted: true }];
const silent: MessagingLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A service's database and topics, with whatever relays and consumers a test starts on them. */
export class Installation {
  readonly broker: Broker;
  readonly #running: { stop(): Promise<void> }[] = [];

  private constructor(
    readonly database: TestDatabase,
    readonly topics: TestTopics,
    readonly settings: MessagingSettings,
    readonly dataSource: DataSource,
    connect: Connect,
  ) {
    this.broker = connect(settings.brokers, settings.clientId);
  }

  static async make(connect: Connect): Promise<Installation> {
    const database = await testDatabase('loyalty');
    const prefixed = testTopics();
    const settings: MessagingSettings = {
      brokers: prefixed.brokers,
      topicPrefix: prefixed.prefix,
      partitions: 4,
      replication: 1,
      clientId: 'loyalty',
      databaseUrl: database.url,
      outboxKeptDays: 3,
    };
    const dataSource = await new DataSource({ type: 'postgres', url: database.url, poolSize: 20 }).initialize();
    for (const sql of [...messagingTables.up, ...messagingOrder.up]) await dataSource.query(sql);
    await dataSource.query(
      `create table heard (event_id text not null, key text not null, n integer not null, ord bigint generated always as identity)`,
    );
    return new Installation(database, prefixed, settings, dataSource, connect);
  }

  /** A relay that is stopped with the installation. */
  relay(): Relay {
    const { broker, settings } = this;
    const relay = new Relay({ broker, settings, source: '/regulars/loyalty', topics, log: silent });
    this.#running.push(relay);
    relay.start();
    return relay;
  }

  /** A consumer that is stopped with the installation. */
  consume(consumer: EventConsumer, options: Partial<ConsumerLoopOptions> = {}): ConsumerLoop {
    const { broker, dataSource, settings } = this;
    const loop = new ConsumerLoop({ broker, dataSource, consumer, settings, log: silent, ...options });
    this.#running.push(loop);
    loop.start();
    return loop;
  }

  /** Makes the topics without a relay. */
  async createTopics(): Promise<void> {
    await this.broker.createTopics(
      topics.map(({ name, compacted = false }) => {
        return { name: this.nameOf(name), partitions: this.settings.partitions, replication: 1, compacted };
      }),
    );
  }

  nameOf(topic: string): string {
    return this.topics.prefix + topic;
  }

  /** Commits the events in one transaction. */
  async commit(...events: readonly OutboxEvent[]): Promise<void> {
    await this.dataSource.transaction((tx) => appendToOutbox(tx, events));
  }

  /** What consumers wrote, in the order in which they wrote it. */
  heard(key?: string): Promise<{ event_id: string; key: string; n: number }[]> {
    return this.dataSource.query('select event_id, key, n from heard where key = coalesce($1, key) order by ord', [
      key ?? null,
    ]);
  }

  async close(): Promise<void> {
    await Promise.all(this.#running.map((part) => part.stop()));
    await this.broker.close();
    await this.dataSource.destroy();
    await this.topics.drop();
    await this.database.drop();
  }
}

/** An event that carries a number; everything else is made up. */
export function event(key: string, n: number, more: Partial<OutboxEvent> = {}): OutboxEvent {
  return { id: uuidv7(), topic: POINTS, key, type: 'regulars.loyalty.v1.PointsEarned', payload: { n }, ...more };
}

/** The number that the event in a record carries. */
export function numberIn(record: TopicRecord): number {
  return (JSON.parse(record.value ?? '') as { n: number }).n;
}

/** A broker whose subscriptions go another way. */
export function withSubscribe(broker: Broker, subscribe: Broker['subscribe']): Broker {
  return {
    createTopics: (topics) => broker.createTopics(topics),
    hasTopics: (names) => broker.hasTopics(names),
    ranges: (topic) => broker.ranges(topic),
    openProducer: (transactionalId) => broker.openProducer(transactionalId),
    subscribe,
    close: () => broker.close(),
  };
}

/** Sends each record in a transaction of its own, of one producer, and ends it as told. */
export async function sendInTransactions(
  { settings }: Installation,
  records: readonly NewRecord[],
  ends: readonly ('commit' | 'abort')[],
): Promise<void> {
  const kafka = new Kafka({ brokers: [...settings.brokers], logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ transactionalId: `${settings.topicPrefix}dying`, idempotent: true });
  await producer.connect();
  for (const [index, { topic, key, value, headers }] of records.entries()) {
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [{ key, value, headers }] });
    await (ends[index] === 'commit' ? transaction.commit() : transaction.abort());
  }
  await producer.disconnect();
}

export function aKey(): string {
  return randomUUID();
}

/** A key for each of the partitions, in their order. */
export function keysOfPartitions({ settings }: Installation): string[] {
  return Array.from({ length: settings.partitions }, (_, partition) => {
    for (;;) {
      const key = aKey();
      if (partitionOf(Buffer.from(key), settings.partitions) === partition) return key;
    }
  });
}

/** Writes a row for each event it hears, and knows nothing of events it heard before. */
export class Listener implements EventConsumer {
  readonly topic: string = POINTS;
  readonly group: string = 'listeners';
  /** Numbers that can never be applied. */
  readonly refused = new Set<number>();
  /** Thrown after the effect is written, while it is set. */
  outage: Error | undefined;
  /** Awaited after the effect is written. */
  hold: (() => Promise<void>) | undefined;
  runs = 0;

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    this.runs += 1;
    for (const { payload } of events) {
      if (this.refused.has((payload as { n: number }).n)) throw new BadEvent('This number is refused');
    }
    await tx.query(`insert into heard (event_id, key, n) select * from unnest($1::text[], $2::text[], $3::integer[])`, [
      events.map(({ id }) => id),
      events.map(({ key }) => key),
      events.map(({ payload }) => (payload as { n: number }).n),
    ]);
    await this.hold?.();
    if (this.outage) throw this.outage;
  }
}
