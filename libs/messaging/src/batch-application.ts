import type { DataSource, EntityManager } from 'typeorm';
import type { BatchControl, StoredRecord } from './broker.js';
import type { EventConsumer, ReceivedEvent } from './event.js';
import { isRefused, reasonOf } from './failure.js';
import { consumerMetrics } from './metrics.js';
import { moveOffset, type OffsetOwner } from './offsets.js';
import { keyOf, lockParked, park } from './parking.js';
import { eventOf } from './record.js';
import type { MessagingLog } from './settings.js';
import { whileConsuming } from './spans.js';
import { backoffMs } from './waiting.js';

const LONGEST_BACKOFF_MS = 2_000;

/** A long wait is cut into naps, so that the group and a shutdown are not kept waiting. */
const NAP_MS = 500;

/** `lost`: another member has moved the offset, nothing was written. */
export type Settled = 'settled' | 'lost' | 'stopping';

/** Effects of a consumer's records, each run of records in one transaction with the offset. */
export class BatchApplication {
  readonly #labels: { group: string; topic: string };

  constructor(
    private readonly dataSource: DataSource,
    private readonly consumer: EventConsumer,
    private readonly owner: OffsetOwner,
    private readonly log: MessagingLog,
  ) {
    this.#labels = { group: consumer.group, topic: consumer.topic };
  }

  /**
   * Applies the records and moves the offset of their partition from `from` to `next`. Where an event is refused, halves
   * go alone until it stands alone; then its key is parked. Outages are waited out.
   */
  async settle(
    partition: number,
    from: number,
    records: readonly StoredRecord[],
    next: number,
    control: BatchControl,
  ): Promise<Settled> {
    const [first, ...rest] = records;
    if (!first) return 'settled';
    try {
      return await this.#untilDone(control, () => this.#apply(partition, from, records, next));
    } catch (error) {
      if (!isRefused(error)) throw error;
      if (rest.length === 0) {
        return this.#untilDone(control, () => this.#park(partition, from, first, next, reasonOf(error)));
      }
    }
    const half = records.length >> 1;
    const middle = (records[half - 1] as StoredRecord).offset + 1;
    const settled = await this.settle(partition, from, records.slice(0, half), middle, control);
    return settled === 'settled' ? this.settle(partition, middle, records.slice(half), next, control) : settled;
  }

  async #apply(partition: number, from: number, records: readonly StoredRecord[], next: number): Promise<Settled> {
    const { events, parked } = await this.dataSource.transaction(async (tx) => {
      if (!(await moveOffset(tx, this.owner, partition, from, next))) return {};
      const parkedKeys = await lockParked(tx, this.consumer, [...new Set(records.map(keyOf))]);
      const parked = parkedKeys.size > 0 ? records.filter((record) => parkedKeys.has(keyOf(record))) : [];
      if (parked.length > 0) await park(tx, this.consumer, partition, parked);
      const open = parked.length > 0 ? records.filter((record) => !parkedKeys.has(keyOf(record))) : records;
      return { events: await this.#effect(tx, partition, open), parked };
    });
    if (!events) return 'lost';
    consumerMetrics.applied.inc(this.#labels, events.length);
    if (parked.length > 0) consumerMetrics.parked.inc(this.#labels, parked.length);
    const [oldest] = events;
    if (oldest) consumerMetrics.delay.observe(this.#labels, Math.max(0, Date.now() - oldest.time.getTime()) / 1_000);
    return 'settled';
  }

  /** An id that comes twice in a run is applied once; one that came in an earlier run is the consumer's to recognise. */
  async #effect(
    tx: EntityManager,
    partition: number,
    records: readonly StoredRecord[],
  ): Promise<readonly ReceivedEvent[]> {
    const events = new Map<string, ReceivedEvent>();
    for (const record of records) {
      const event = eventOf(this.consumer.topic, partition, record);
      if (!events.has(event.id)) events.set(event.id, event);
    }
    const once = [...events.values()];
    if (once.length > 0) await whileConsuming(once, () => this.consumer.apply(tx, once));
    return once;
  }

  async #park(partition: number, from: number, record: StoredRecord, next: number, reason: string): Promise<Settled> {
    const moved = await this.dataSource.transaction(async (tx) => {
      if (!(await moveOffset(tx, this.owner, partition, from, next))) return false;
      await park(tx, this.consumer, partition, [record], reason);
      return true;
    });
    if (!moved) return 'lost';
    consumerMetrics.parked.inc(this.#labels);
    this.log.error('A key is parked', { ...this.#labels, partition, offset: record.offset, reason });
    return 'settled';
  }

  /** Tries until the work is done, is refused, or the consumer has to stop. */
  async #untilDone(control: BatchControl, work: () => Promise<Settled>): Promise<Settled> {
    for (let attempt = 0; !control.stopping(); attempt++) {
      try {
        return await work();
      } catch (error) {
        if (isRefused(error)) throw error;
        consumerMetrics.outages.inc(this.#labels);
        if (attempt % 10 === 0) this.log.warn('An effect is tried again', { ...this.#labels, reason: reasonOf(error) });
        await nap(backoffMs(attempt, 50, LONGEST_BACKOFF_MS), control);
      }
    }
    return 'stopping';
  }
}

async function nap(ms: number, control: BatchControl): Promise<void> {
  for (let left = ms; left > 0 && !control.stopping(); left -= NAP_MS) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, NAP_MS)));
    await control.heartbeat();
  }
}
