import { randomBytes, randomUUID } from 'node:crypto';
import { type EachBatchPayload, type IHeaders, Kafka, logLevel } from 'kafkajs';

/** A prefix of a test's own for topics and groups on the shared Kafka. */
export interface TestTopics {
  /** Value of `TOPIC_PREFIX`. */
  readonly prefix: string;
  readonly brokers: readonly string[];
  /** Removes every topic with the prefix. */
  drop(): Promise<void>;
}

/** A record as it lies in a topic. */
export interface TopicRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | undefined;
  readonly value: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly time: Date;
}

/** Next offset of each partition. */
export type TopicEnd = ReadonlyMap<number, number>;

/** A fresh prefix on the Kafka of `REGULARS_TEST_KAFKA_BROKERS`. */
export function testTopics(): TestTopics {
  const prefix = `test-${randomBytes(5).toString('hex')}.`;
  return {
    prefix,
    brokers: testBrokers(),
    drop: () =>
      withAdmin(async (admin) => {
        const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
        if (topics.length > 0) await admin.deleteTopics({ topics });
      }),
  };
}

/** The full names of the topics that begin with a prefix, sorted. */
export function topicsWith(prefix: string): Promise<string[]> {
  return withAdmin(async (admin) => (await admin.listTopics()).filter((topic) => topic.startsWith(prefix)).sort());
}

/** Where a topic ends now: give it to `readTopic` to read only what comes after. */
export function topicEnd(topic: string): Promise<TopicEnd> {
  return withAdmin(async (admin) => {
    const offsets = await admin.fetchTopicOffsets(topic);
    return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
  });
}

/**
 * The committed records of a topic (by its full name) up to its end now, in order of partition and offset; from the
 * beginning or from an earlier end.
 */
export async function readTopic(topic: string, { from }: { from?: TopicEnd } = {}): Promise<TopicRecord[]> {
  const goal = await withAdmin((admin) => admin.fetchTopicOffsets(topic));
  const start = new Map(goal.map(({ partition, low }) => [partition, from?.get(partition) ?? Number(low)]));
  const missing = new Set(
    goal.filter(({ partition, high }) => Number(high) > (start.get(partition) ?? 0)).map(({ partition }) => partition),
  );
  const records: TopicRecord[] = [];
  if (missing.size === 0) return records;
  await consume(topic, (partition, next, batch) => {
    for (const record of batch) if (record.offset >= (start.get(partition) ?? 0)) records.push(record);
    if (next >= Number(goal.find((end) => end.partition === partition)?.high)) missing.delete(partition);
    return missing.size === 0;
  });
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}

/** Gives every batch, and every stretch without records, to `take` until it answers true. */
async function consume(
  topic: string,
  take: (partition: number, next: number, records: TopicRecord[]) => boolean,
): Promise<void> {
  const consumer = kafka().consumer({ groupId: `read-${randomUUID()}`, maxWaitTimeInMs: 100 });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
      consumer.on('consumer.end_batch_process', ({ payload }) => {
        if (payload.batchSize === 0 && take(payload.partition, Number(payload.lastOffset) + 1, [])) resolve();
      });
      const eachBatch = async ({ batch }: EachBatchPayload) => {
        if (take(batch.partition, Number(batch.lastOffset()) + 1, batch.messages.map(recordIn(batch.partition)))) {
          resolve();
        }
      };
      consumer.run({ autoCommit: false, eachBatch }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
}

function recordIn(partition: number) {
  return (message: EachBatchPayload['batch']['messages'][number]): TopicRecord => ({
    partition,
    offset: Number(message.offset),
    key: message.key?.toString(),
    value: message.value?.toString(),
    headers: textsOf(message.headers),
    time: new Date(Number(message.timestamp)),
  });
}

function textsOf(headers: IHeaders | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]));
}

async function withAdmin<T>(work: (admin: ReturnType<Kafka['admin']>) => Promise<T>): Promise<T> {
  const admin = kafka().admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

function kafka(): Kafka {
  return new Kafka({ brokers: testBrokers(), clientId: 'test', logLevel: logLevel.NOTHING });
}

/** Bootstrap brokers of the tests' Kafka. */
export function testBrokers(): string[] {
  const brokers = process.env.REGULARS_TEST_KAFKA_BROKERS;
  if (!brokers) throw new Error('REGULARS_TEST_KAFKA_BROKERS is not set: run tests through jest’s global set-up');
  return brokers.split(',');
}
