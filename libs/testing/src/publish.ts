import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { testBrokers } from './topics.js';

/** An event of a service that does not run in the test. */
export interface PublishedEvent {
  /** A new one unless given: give it twice to deliver the same event twice. */
  readonly id?: string;
  /** Full proto message name, e.g. `regulars.stores.v1.StoreChanged`. */
  readonly type: string;
  readonly key: string;
  /** Proto JSON. */
  readonly payload: object;
  /** Such as `ce_memberseq`, on top of what every event has. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Publishes events to a topic (by its full name) as the relay of their owner would; makes the topic where it is missing. */
export async function publish(topic: string, events: readonly PublishedEvent[], partitions = 2): Promise<void> {
  const kafka = new Kafka({ brokers: testBrokers(), clientId: 'test', logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  try {
    await Promise.all([admin.connect(), producer.connect()]);
    // A new topic has no leader for a moment, which the producer waits out and the admin client does not.
    await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: false });
    await producer.send({ topic, acks: -1, messages: events.map(messageOf) });
  } finally {
    await Promise.all([admin.disconnect(), producer.disconnect()]);
  }
}

function messageOf(event: PublishedEvent) {
  return {
    key: event.key,
    value: JSON.stringify(event.payload),
    headers: {
      ce_specversion: '1.0',
      ce_id: event.id ?? randomUUID(),
      ce_type: event.type,
      ce_source: '/test',
      ce_time: new Date().toISOString(),
      'content-type': 'application/json',
      ...event.headers,
    },
  };
}
