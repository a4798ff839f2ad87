import type { DataSource, EntityManager } from 'typeorm';
import type { BatchControl, StoredRecord } from './broker.js';
import type { EventConsumer, ReceivedEvent } from './event.js';
import { isRefused, reasonOf } from './failure.js';
import { consumerMetrics } from './metrics.js';
import { moveOffsets, type OffsetOwner } from './offsets.js';
import { keyOf, lockParked, type PlacedRecord, park } from './parking.js';
import { eventOf } from './record.js';
import type { MessagingLog } from './settings.js';
import { whileConsuming } from './spans.js';
import { backoffMs } from './waiting.js';

const LONGEST_BACKOFF_MS = 2_000;

/** A long wait is cut into naps, so that the group and a shutdown are not kept waiting. */
const NAP_MS = 500;

/** `lost`: another member has moved the offset, nothing was written. */
export type Settled = 'settled' | 'lost' | 'stopping';

/** Records of one partition, and from where to where they move its offset. */
export interface Portion {
  readonly partition: number;
  readonly from: number;
  readonly records: readonly StoredRecord[];
  readonly next: number;
}

/** Effects of a consumer's records: portions of several partitions in one transaction with their offsets. */
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
   * Applies the portions, each of another partition, and answers how each ended, in their order. Where an event is
   * refused, every portion goes alone, then its halves, until the event stands alone and its key is parked. Outages are
   * waited out.
   */
  async settle(portions: readonly Portion[], control: BatchControl): Promise<Settled[]> {
    const [first, ...others] = portions;
    if (!first) return [];
    try {
      return await this.#untilDone(portions, control, () => this.#apply(portions));
    } catch (error) {
      if (!isRefused(error)) throw error;
      if (others.length === 0 && first.records.length === 1) {
        return this.#untilDone(portions, control, () => this.#park(first, reasonOf(error)));
      }
    }
    if (others.length === 0) return [await this.#settleHalves(first, control)];
    const settled: Settled[] = [];
    for (const portion of portions) settled.push(...(await this.settle([portion], control)));
    return settled;
  }

  async #settleHalves({ partition, from, records, next }: Portion, control: BatchControl): Promise<Settled> {
    const half = records.length >> 1;
    const middle = (records[half - 1] as StoredRecord).offset + 1;
    const halves: Portion[] = [
      { partition, from, records: records.slice(0, half), next: middle },
      { partition, from: middle, records: records.slice(half), next },
    ];
    for (const portion of halves) {
      const [settled] = await this.settle([portion], control);
      if (settled !== 'settled') return settled as Settled;
    }
    return 'settled';
  }

  async #apply(portions: readonly Portion[]): Promise<Settled[]> {
    const { moved, events, parked } = await this.dataSource.transaction(async (tx) => {
      const moved = await moveOffsets(tx, this.owner, portions);
      const records = portions.flatMap((portion) => (moved.has(portion.partition) ? placed(portion) : []));
      if (records.length === 0) return { moved, events: [], parked: [] };
      const parkedKeys = await lockParked(tx, this.consumer, [...new Set(records.map(keyOf))]);
      const parked = parkedKeys.size > 0 ? records.filter((record) => parkedKeys.has(keyOf(record))) : [];
      if (parked.length > 0) await park(tx, this.consumer, parked);
      const open = parked.length > 0 ? records.filter((record) => !parkedKeys.has(keyOf(record))) : records;
      return { moved, events: await this.#effect(tx, open), parked };
    });
    this.#count(events, parked);
    return portions.map(({ partition }) => (moved.has(partition) ? 'settled' : 'lost'));
  }

  /** An id that comes twice in a run is applied once; one that came in an earlier run is the consumer's to recognise. */
  async #effect(tx: EntityManager, records: readonly PlacedRecord[]): Promise<readonly ReceivedEvent[]> {
    const events = new Map<string, ReceivedEvent>();
    for (const record of records) {
      const event = eventOf(this.consumer.topic, record.partition, record);
      if (!events.has(event.id)) events.set(event.id, event);
    }
    const once = [...events.values()];
    if (once.length > 0) await whileConsuming(once, () => this.consumer.apply(tx, once));
    return once;
  }

  async #park(portion: Portion, reason: string): Promise<Settled[]> {
    const moved = await this.dataSource.transaction(async (tx) => {
      const { size } = await moveOffsets(tx, this.owner, [portion]);
      if (size > 0) await park(tx, this.consumer, placed(portion), reason);
      return size > 0;
    });
    if (!moved) return ['lost'];
    consumerMetrics.parked.inc(this.#labels);
    const { partition, records } = portion;
    this.log.error('A key is parked', { ...this.#labels, partition, offset: records[0]?.offset, reason });
    return ['settled'];
  }

  /** Tries until the work is done, is refused, or the consumer has to stop. */
  async #untilDone(
    portions: readonly Portion[],
    control: BatchControl,
    work: () => Promise<Settled[]>,
  ): Promise<Settled[]> {
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
    return portions.map(() => 'stopping');
  }

  #count(events: readonly ReceivedEvent[], parked: readonly PlacedRecord[]): void {
    if (parked.length > 0) consumerMetrics.parked.inc(this.#labels, parked.length);
    if (events.length === 0) return;
    consumerMetrics.applied.inc(this.#labels, events.length);
    let oldestMs = Date.now();
    for (const { time } of events) oldestMs = Math.min(oldestMs, time.getTime());
    consumerMetrics.delay.observe(this.#labels, (Date.now() - oldestMs) / 1_000);
  }
}

function placed({ partition, records }: Portion): PlacedRecord[] {
  return records.map((record) => ({ ...record, partition }));
}

async function nap(ms: number, control: BatchControl): Promise<void> {
  for (let left = ms; left > 0 && !control.stopping(); left -= NAP_MS) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, NAP_MS)));
    await control.heartbeat();
  }
}
