import type { PartitionRange, TopicPartition } from './broker.js';

interface Place {
  reached: number;
  movedAtMs: number;
}

/** How far a reader has come in each of its partitions, and whether it stands still. */
export class Progress {
  readonly #places = new Map<string, Place>();

  begin(at: TopicPartition, offset: number, nowMs: number): void {
    this.#places.set(nameOf(at), { reached: offset, movedAtMs: nowMs });
  }

  reach(at: TopicPartition, offset: number, nowMs: number): void {
    const place = this.#places.get(nameOf(at));
    if (!place || place.reached === offset) return;
    place.reached = offset;
    place.movedAtMs = nowMs;
  }

  /** Records of the partition that were not reached yet; undefined for a partition that is not this reader's. */
  lag(topic: string, { partition, next }: PartitionRange): number | undefined {
    const place = this.#places.get(nameOf({ topic, partition }));
    return place && Math.max(0, next - place.reached);
  }

  /** Whether a partition has had lag and has not moved for longer than `afterMs`; asked at every look. */
  isStalled(topic: string, ranges: readonly PartitionRange[], nowMs: number, afterMs: number): boolean {
    let isStalled = false;
    for (const range of ranges) {
      const place = this.#places.get(nameOf({ topic, partition: range.partition }));
      if (!place) continue;
      // Where nothing came there was nothing to move for: a record after an hour's silence is no hour's stall.
      if (range.next <= place.reached) place.movedAtMs = nowMs;
      else if (nowMs - place.movedAtMs > afterMs) isStalled = true;
    }
    return isStalled;
  }

  /** The broker could not be asked: time without it is nobody's standing still. */
  excuse(nowMs: number): void {
    for (const place of this.#places.values()) place.movedAtMs = nowMs;
  }

  clear(): void {
    this.#places.clear();
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
