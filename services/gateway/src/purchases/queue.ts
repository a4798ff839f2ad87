/** What waits to travel: its size on the wire, and until when it is of use. */
export interface Waiting {
  readonly bytes: number;
  /** A moment in milliseconds. */
  readonly deadlineMs: number;
  /** Handed in later, from a till that was offline. */
  readonly isOffline: boolean;
}

/** How much travels together, and how much may wait. */
export interface Limits {
  readonly items: number;
  readonly bytes: number;
  readonly waiting: number;
  readonly waitingBytes: number;
}

/** Of a load that carries live items, so much is for offline ones: an eighth. */
const OFFLINE_SHARE = 1 / 8;

/**
 * Items in the order they came, live ones before offline ones; an offline batch still moves on with a small share of
 * each load. Bounded: what does not fit is refused at once.
 */
export class Queue<Item extends Waiting> {
  private live: Item[] = [];
  private offline: Item[] = [];
  private waitingBytes = 0;

  constructor(private readonly limits: Limits) {}

  get length(): number {
    return this.live.length + this.offline.length;
  }

  /** Takes an item in; false when there is no room. */
  add(item: Item): boolean {
    const { waiting, waitingBytes } = this.limits;
    if (this.length >= waiting || this.waitingBytes + item.bytes > waitingBytes) return false;
    (item.isOffline ? this.offline : this.live).push(item);
    this.waitingBytes += item.bytes;
    return true;
  }

  /** The next load: at most so many items and bytes, but at least one item when there is one. */
  take(): Item[] {
    const { items, bytes } = this.limits;
    const kept = Math.min(this.offline.length, Math.floor(items * OFFLINE_SHARE));
    const load: Item[] = [];
    let room = bytes;
    const fill = (from: Item[], most: number): Item[] => {
      let taken = 0;
      for (const item of from) {
        if (taken >= most || (item.bytes > room && load.length > 0)) break;
        load.push(item);
        room -= item.bytes;
        taken++;
      }
      return taken === 0 ? from : from.slice(taken);
    };
    this.live = fill(this.live, items - kept);
    this.offline = fill(this.offline, load.length > 0 ? kept : items);
    for (const item of load) this.waitingBytes -= item.bytes;
    return load;
  }
}
