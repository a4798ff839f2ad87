import type { DataSource } from 'typeorm';
import type { Broker } from './broker.js';
import type { EventConsumer } from './event.js';
import { discardParked, type ParkedKey, parkedKeys, type ReplayResult, replayParked } from './parking.js';
import type { MessagingSettings, TopicSpec } from './settings.js';

/** How far a service's outbox is behind (requirement O2). */
export interface OutboxLag {
  /** Events that are committed and not yet published; counted up to 100 000. */
  readonly unpublished: number;
  /** Age of the oldest of them in seconds; 0 when there is none. */
  readonly oldestSeconds: number;
  /** Grows whenever a relay takes the lead. */
  readonly epoch: string;
}

/** How far a consumer is behind. */
export interface ConsumerLag {
  readonly group: string;
  readonly topic: string;
  /** Records that are not yet applied, over all partitions; undefined while the topic is not there. */
  readonly records: number | undefined;
  readonly parkedKeys: number;
}

export interface Lag {
  /** Undefined where the service publishes nothing. */
  readonly outbox: OutboxLag | undefined;
  readonly consumers: readonly ConsumerLag[];
}

/** What the platform team does with the events of a service while it runs (requirement O3). */
export class Operations {
  constructor(
    private readonly parts: {
      readonly dataSource: DataSource;
      readonly broker: Broker;
      readonly settings: Pick<MessagingSettings, 'topicPrefix'>;
      readonly topics: readonly TopicSpec[];
      readonly consumers: readonly EventConsumer[];
    },
  ) {}

  async lag(): Promise<Lag> {
    const { topics, consumers } = this.parts;
    const outbox = topics.length > 0 ? await this.#outboxLag() : undefined;
    return { outbox, consumers: await Promise.all(consumers.map((consumer) => this.#consumerLag(consumer))) };
  }

  /** Parked keys, longest waiting first. */
  parked(limit: number): Promise<ParkedKey[]> {
    return parkedKeys(this.parts.dataSource, limit);
  }

  /** The events that wait under a key, without their content: what was asked for is the reason, not the person. */
  async waiting(topic: string, key: string): Promise<object[]> {
    const { group } = this.#consumerOf(topic);
    return this.parts.dataSource.query<object[]>(
      `select headers ->> 'ce_type' as type, headers ->> 'ce_id' as id, headers ->> 'ce_time' as time, partition,
         record_offset as offset
       from parked_event where group_id = $1 and topic = $2 and key = $3 order by parked_event.ord limit 200`,
      [group, topic, key],
    );
  }

  replay(topic: string, key: string): Promise<ReplayResult> {
    return replayParked(this.parts.dataSource, this.#consumerOf(topic), key);
  }

  /** Gives up the first event that waits under the key, or with `all` every one; answers how many. */
  discard(topic: string, key: string, all: boolean): Promise<number> {
    return discardParked(this.parts.dataSource, this.#consumerOf(topic), key, all);
  }

  /**
   * Lets a consumer hear its topic from the beginning again: events that it applied before change nothing, a projection
   * that lost rows fills. Running processes notice with the next event of each partition.
   */
  async rewind(topic: string): Promise<number> {
    const { group } = this.#consumerOf(topic);
    const name = this.parts.settings.topicPrefix + topic;
    const ranges = await this.parts.broker.ranges(name);
    const moved = await this.parts.dataSource.query<unknown[]>(
      `with moved as (
         update consumer_offset set next_offset = first.next_offset
         from unnest($3::integer[], $4::bigint[]) as first (partition, next_offset)
         where group_id = $1 and topic = $2 and consumer_offset.partition = first.partition returning 1)
       select 1 from moved`,
      [group, name, ranges.map(({ partition }) => partition), ranges.map(({ first }) => first)],
    );
    return moved.length;
  }

  async close(): Promise<void> {
    await this.parts.broker.close().catch(() => undefined);
  }

  #consumerOf(topic: string): EventConsumer {
    const found = this.parts.consumers.find((consumer) => consumer.topic === topic);
    if (found) return found;
    const heard = this.parts.consumers.map((consumer) => consumer.topic).join(', ');
    throw new UnknownTopic(`This service does not hear ${topic}; it hears ${heard || 'nothing'}`);
  }

  async #outboxLag(): Promise<OutboxLag> {
    const [found] = await this.parts.dataSource.query<{ unpublished: number; oldest: number | null; epoch: string }[]>(
      `select cursor.epoch::text as epoch, waiting.unpublished, waiting.oldest from relay_cursor as cursor,
         lateral (select count(*)::integer as unpublished,
             extract(epoch from clock_timestamp() - min(created_at))::float8 as oldest
           from (select created_at from outbox where ord > cursor.through_ord limit 100000) as event) as waiting`,
    );
    if (!found) throw new Error('relay_cursor has no row');
    return { unpublished: found.unpublished, oldestSeconds: Math.max(0, found.oldest ?? 0), epoch: found.epoch };
  }

  async #consumerLag({ group, topic }: EventConsumer): Promise<ConsumerLag> {
    const { broker, dataSource, settings } = this.parts;
    const name = settings.topicPrefix + topic;
    const [parked] = await dataSource.query<{ keys: number }[]>(
      'select count(*)::integer as keys from parked_key where group_id = $1 and topic = $2',
      [group, topic],
    );
    const parkedKeys = parked?.keys ?? 0;
    if (!(await broker.hasTopics([name]))) return { group, topic, records: undefined, parkedKeys };
    const stored = await dataSource.query<{ partition: number; next: number }[]>(
      'select partition, next_offset as next from consumer_offset where group_id = $1 and topic = $2',
      [group, name],
    );
    const reached = new Map(stored.map(({ partition, next }) => [partition, next]));
    const behind = (await broker.ranges(name)).map(({ partition, first, next }) => {
      return Math.max(0, next - (reached.get(partition) ?? first));
    });
    return { group, topic, records: behind.reduce((sum, each) => sum + each, 0), parkedKeys };
  }
}

/** A topic that the service does not hear. */
export class UnknownTopic extends Error {
  override readonly name = 'UnknownTopic';
}
