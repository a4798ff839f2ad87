import { randomUUID } from 'node:crypto';
import { type Consumer, Kafka, type KafkaMessage, logLevel } from 'kafkajs';

/** A record as it lies in a topic. */
export interface EventRecord {
  topic: string;
  partition: number;
  offset: string;
  key: string;
  headers: Record<string, string>;
  value: unknown;
}

/** The topic's end at this moment, by partition: where records of what happens next will lie. */
export async function endOf(topic: string, brokers: string): Promise<Map<number, string>> {
  const admin = clientOf(brokers).admin();
  await admin.connect();
  try {
    const offsets = await admin.fetchTopicOffsets(topic);
    return new Map(offsets.map(({ partition, high }) => [partition, high]));
  } finally {
    await admin.disconnect();
  }
}

/** Reads on from there until the record that is looked for comes; commits nothing. @throws after `withinMs`. */
export async function recordAfter(
  end: ReadonlyMap<number, string>,
  topic: string,
  isIt: (record: EventRecord) => boolean,
  brokers: string,
  withinMs = 60_000,
): Promise<EventRecord> {
  const client = clientOf(brokers);
  const groupId = `story-${randomUUID()}`;
  const consumer = client.consumer({ groupId, retry: { retries: 10 } });
  await consumer.connect();
  try {
    await consumer.subscribe({ topic });
    return await new Promise<EventRecord>((resolve, reject) => {
      setTimeout(
        () => reject(new Error(`The record did not come to ${topic} within ${withinMs / 1_000} s`)),
        withinMs,
      ).unref();
      readUntil(consumer, topic, end, (partition, message) => {
        const record = recordOf(topic, partition, message);
        if (isIt(record)) resolve(record);
      }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
    await forget(groupId, client);
  }
}

async function readUntil(
  consumer: Consumer,
  topic: string,
  end: ReadonlyMap<number, string>,
  see: (partition: number, message: KafkaMessage) => void,
): Promise<void> {
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => see(partition, message),
  });
  for (const [partition, offset] of end) consumer.seek({ topic, partition, offset });
}

async function forget(groupId: string, client: Kafka): Promise<void> {
  const admin = client.admin();
  await admin.connect();
  await admin.deleteGroups([groupId]).catch(() => undefined);
  await admin.disconnect();
}

function recordOf(topic: string, partition: number, message: KafkaMessage): EventRecord {
  return {
    topic,
    partition,
    offset: message.offset,
    key: String(message.key),
    headers: Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)])),
    value: JSON.parse(String(message.value)),
  };
}

function clientOf(brokers: string): Kafka {
  return new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
}
