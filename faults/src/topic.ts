import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';

/** A record as it lies in a topic, committed. */
export interface TopicRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  /** The CloudEvents id. */
  readonly eventId: string;
  /** Headers and value as text, for the search for personal data. */
  readonly text: string;
}

/** A transaction that its relay left open is ended by the broker after 15 s; until then nobody reads past it. */
const READ_WITHIN_MS = 40_000;

/**
 * Reads every committed record of the topics whose names begin with the prefix, from their beginning to their end. Its own
 * reader: it shares nothing with the consumers it checks.
 */
export async function readTopics(brokers: string, prefix: string): Promise<Map<string, TopicRecord[]>> {
  const kafka = new Kafka({ brokers: brokers.split(','), clientId: 'faults', logLevel: logLevel.NOTHING });
  const groupId = `faults-${randomUUID()}`;
  const reached = new Map<string, number>();
  const consumer = kafka.consumer({ groupId, readUncommitted: false, maxWaitTimeInMs: 200 });
  const admin = kafka.admin();
  await Promise.all([consumer.connect(), admin.connect()]);
  try {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
    const records = new Map<string, TopicRecord[]>(topics.map((topic) => [topic, []]));
    // Also told for batches that hold nothing for a reader: the marker behind a transaction's last record.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      reached.set(`${payload.topic}/${payload.partition}`, Number(payload.lastOffset) + 1);
    });
    await consumer.subscribe({ topics, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, partition, message }) => {
        const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)] as const);
        records.get(topic)?.push({
          partition,
          offset: Number(message.offset),
          key: String(message.key),
          eventId: headers.find(([name]) => name === 'ce_id')?.[1] ?? '',
          text: `${headers.map(([name, value]) => `${name}: ${value}`).join('\n')}\n${String(message.value)}`,
        });
      },
    });
    const ends = await endsOf(topics, admin);
    const until = performance.now() + READ_WITHIN_MS;
    while (ends.some(({ name, end }) => (reached.get(name) ?? 0) < end)) {
      if (performance.now() > until)
        throw new Error(`The topics could not be read to their end in ${READ_WITHIN_MS / 1_000} s`);
      await sleep(50);
    }
    return records;
  } finally {
    await consumer.disconnect();
    await admin.deleteGroups([groupId]).catch(() => undefined);
    await admin.disconnect();
  }
}

type Admin = ReturnType<Kafka['admin']>;

async function endsOf(topics: readonly string[], admin: Admin): Promise<{ name: string; end: number }[]> {
  const offsets = await Promise.all(
    topics.map(async (topic) => (await admin.fetchTopicOffsets(topic)).map((each) => ({ topic, ...each }))),
  );
  return offsets
    .flat()
    .filter(({ low, high }) => Number(high) > Number(low))
    .map(({ topic, partition, high }) => ({ name: `${topic}/${partition}`, end: Number(high) }));
}
