import { performance } from 'node:perf_hooks';
import type { BatchProducer, Broker } from './broker.js';
import { reasonOf } from './failure.js';
import { outboxMetrics } from './metrics.js';
import { type OutboxRow, type Publisher, recordOf } from './record.js';
import { RelaySession } from './relay-session.js';
import type { MessagingLog, MessagingSettings, TopicSpec } from './settings.js';
import { startProducing } from './spans.js';
import { Alarm, atMost, backoffMs, restAfterMs } from './waiting.js';

const BATCH_EVENTS = 1_000;

/** A broker refuses more than 1 MiB for one partition at once, headers included. */
const BATCH_CHARACTERS = 640 * 1024;

const SHORTEST_POLL_MS = 5;
const LONGEST_POLL_MS = 250;

/**
 * Under load a batch begins no sooner than this after the one before: an event costs a third when a hundred travel
 * together, and the purchase path needs the core.
 */
const BATCH_INTERVAL_MS = 50;

const FOLLOWER_POLL_MS = 1_000;
const LONGEST_BACKOFF_MS = 2_000;
const STOP_WITHIN_MS = 5_000;

export interface RelayOptions {
  readonly broker: Broker;
  readonly settings: MessagingSettings;
  readonly source: string;
  readonly topics: readonly TopicSpec[];
  readonly log: MessagingLog;
}

/**
 * Carries the outbox to Kafka: every committed event at least once, in order per key, while this process holds the lead
 * of its service. It leads, follows, fails and begins anew until it is stopped.
 */
export class Relay {
  /** Rung by commits; only a leader with nothing to do listens. */
  readonly #hint = new Alarm();
  readonly #stop = new Alarm();
  readonly #publisher: Publisher;
  #stopping = false;
  #ended: Promise<void> = Promise.resolve();

  constructor(private readonly options: RelayOptions) {
    this.#publisher = {
      source: options.source,
      topicPrefix: options.settings.topicPrefix,
      compacted: new Set(options.topics.filter((topic) => topic.compacted).map((topic) => topic.name)),
    };
  }

  start(): void {
    this.#ended = this.#run();
  }

  /** Something was committed: look now. */
  wake(): void {
    this.#hint.ring();
  }

  /** Finishes the batch in flight; leaves a dead server behind after five seconds. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#stop.ring();
    this.#hint.ring();
    await atMost(STOP_WITHIN_MS, this.#ended);
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stopping) {
      try {
        await this.#serve(() => {
          failures = 0;
        });
      } catch (error) {
        outboxMetrics.failures.inc();
        this.options.log.warn('The relay begins anew', { reason: reasonOf(error) });
        await this.#stop.sleep(backoffMs(failures++, 200, LONGEST_BACKOFF_MS));
      }
    }
  }

  /** One session: follows until the lead is free, then leads until it is stopped or fails. */
  async #serve(onPublished: () => void): Promise<void> {
    const session = await RelaySession.open(this.options.settings.databaseUrl);
    let producer: BatchProducer | undefined;
    try {
      await this.#createTopics();
      while (!(await session.tryLead())) {
        await this.#stop.sleep(FOLLOWER_POLL_MS);
        if (this.#stopping) return;
      }
      const from = await session.begin();
      const { clientId, topicPrefix } = this.options.settings;
      producer = await this.options.broker.openProducer(`${topicPrefix}${clientId}.relay`);
      outboxMetrics.leads.set(1);
      this.options.log.info('The relay leads', { from });
      await this.#publish(session, producer, from, onPublished);
    } finally {
      outboxMetrics.leads.set(0);
      await Promise.allSettled([session.close(), producer?.close()]);
    }
  }

  async #publish(session: RelaySession, producer: BatchProducer, from: number, onPublished: () => void) {
    let found = await session.read(from, BATCH_EVENTS);
    let pollMs = SHORTEST_POLL_MS;
    let through = from;
    while (!this.#stopping) {
      const batch = fitting(found.rows);
      const last = batch.at(-1);
      if (!last) {
        // Who is waited for is not whoever rings.
        await (found.isHeldBack ? pause(pollMs) : this.#hint.sleep(pollMs));
        pollMs = Math.min(pollMs * 2, LONGEST_POLL_MS);
        found = await session.read(through, BATCH_EVENTS);
        continue;
      }
      const startedAt = performance.now();
      await this.#send(producer, batch);
      onPublished();
      through = last.ord;
      pollMs = SHORTEST_POLL_MS;
      if (!found.isFull) await pause(restAfterMs(performance.now() - startedAt, BATCH_INTERVAL_MS));
      const [advanced, next] = await Promise.all([session.advance(through), session.read(through, BATCH_EVENTS)]);
      if (!advanced) throw new Error('Another relay has taken the lead');
      found = next;
    }
  }

  async #send(producer: BatchProducer, batch: readonly OutboxRow[]): Promise<void> {
    const spans = batch.map((row) => startProducing(row.topic, row.traceparent));
    try {
      await producer.send(batch.map((row, index) => recordOf(row, this.#publisher, spans[index]?.traceparent ?? null)));
    } finally {
      for (const span of spans) span.end();
    }
    outboxMetrics.published.inc(batch.length);
    outboxMetrics.delay.observe(Math.max(0, Date.now() - Math.min(...batch.map((row) => row.timeMs))) / 1_000);
  }

  async #createTopics(): Promise<void> {
    const { topicPrefix, partitions, replication } = this.options.settings;
    await this.options.broker.createTopics(
      this.options.topics.map(({ name, compacted = false }) => {
        return { name: topicPrefix + name, partitions, replication, compacted };
      }),
    );
  }
}

/** The rows from the first on that fit into one request; always at least one. */
function fitting(rows: readonly OutboxRow[]): readonly OutboxRow[] {
  let characters = 0;
  const end = rows.findIndex((row, index) => {
    characters += row.payload.length + 512;
    return index > 0 && characters > BATCH_CHARACTERS;
  });
  return end === -1 ? rows : rows.slice(0, end);
}

async function pause(ms: number): Promise<void> {
  if (ms >= 1) await new Promise((resolve) => setTimeout(resolve, ms));
}
