import { Pace } from './pace.js';
import { type Limits, Queue, type Waiting } from './queue.js';

/** One item and what is done with its result. */
export interface Traveller<Result> extends Waiting {
  /** Called once, and throws nothing: with the result, or with why there is none. */
  settle(result: Result | NotTaken): void;
}

/** A traveller whose request was encoded, and weighed, when it arrived. */
export interface Encoded<Result> extends Traveller<Result> {
  readonly request: Uint8Array;
}

/** The request of a traveller. */
export function requestOf({ request }: { readonly request: Uint8Array }): Uint8Array {
  return request;
}

/** Why an item has no result: too many waited, it waited too long, or what the call threw. */
export class NotTaken {
  constructor(
    readonly reason: 'OVERLOADED' | 'DEADLINE_PASSED' | 'CALL_FAILED',
    readonly cause?: unknown,
  ) {}
}

interface Trip<Item> {
  readonly load: readonly Item[];
  readonly startedMs: number;
}

/** Sends a load and answers one result for each item, in order. */
export type Send<Item, Result> = (load: readonly Item[], deadlineMs: number) => Promise<readonly Result[]>;

/**
 * Lets items that arrive while a call is under way travel together in the next (architecture, "The purchase path" 1).
 *
 * Nothing is timed while nothing waits: an item that finds no call under way leaves with whatever else arrived in the
 * same turn of the event loop.
 */
export class TravelTogether<Item extends Traveller<Result>, Result> {
  private readonly queue: Queue<Item>;
  private readonly pace = new Pace();
  private readonly trips = new Set<Trip<Item>>();
  private isDeparting = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    limits: Limits,
    private readonly send: Send<Item, Result>,
  ) {
    this.queue = new Queue(limits);
  }

  /** Takes an item along, or settles it at once when too many wait. */
  take(item: Item): void {
    if (!this.queue.add(item)) {
      item.settle(new NotTaken('OVERLOADED'));
      return;
    }
    this.soon();
  }

  /** Waits for the rest of this turn of the event loop, in which more items may arrive. */
  private soon(): void {
    if (this.isDeparting) return;
    this.isDeparting = true;
    setImmediate(() => {
      this.isDeparting = false;
      this.depart();
    });
  }

  private depart(): void {
    while (this.queue.length > 0) {
      const nowMs = performance.now();
      const waitMs = this.pace.waitMs(this.trips.size, nowMs - this.oldestStartMs());
      if (waitMs === undefined) return;
      if (waitMs > 0) {
        this.later(waitMs);
        return;
      }
      const load = this.inTime(this.queue.take());
      if (load.length > 0) void this.go({ load, startedMs: nowMs });
    }
  }

  private later(waitMs: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.depart();
    }, Math.ceil(waitMs));
  }

  private inTime(load: readonly Item[]): Item[] {
    const nowMs = Date.now();
    return load.filter((item) => {
      if (item.deadlineMs > nowMs) return true;
      item.settle(new NotTaken('DEADLINE_PASSED'));
      return false;
    });
  }

  private async go(trip: Trip<Item>): Promise<void> {
    this.trips.add(trip);
    try {
      const results = await this.send(trip.load, latest(trip.load));
      this.pace.answered(trip.startedMs, performance.now());
      if (results.length !== trip.load.length) throw new Error('another number of results than of items');
      trip.load.forEach((item, index) => item.settle(results[index] as Result));
    } catch (error) {
      for (const item of trip.load) item.settle(new NotTaken('CALL_FAILED', error));
    } finally {
      this.trips.delete(trip);
      if (this.queue.length > 0) this.soon();
    }
  }

  private oldestStartMs(): number {
    const [oldest] = this.trips;
    return oldest?.startedMs ?? 0;
  }
}

function latest(load: readonly Waiting[]): number {
  return load.reduce((moment, item) => Math.max(moment, item.deadlineMs), 0);
}
