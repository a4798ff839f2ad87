import type { Portion, Settled } from './batch-application.js';
import type { BatchControl } from './broker.js';

interface Passenger {
  readonly portion: Portion;
  readonly control: BatchControl;
  resolve(settled: Settled): void;
  reject(error: unknown): void;
}

/**
 * Takes what partitions bring into one transaction after another. Portions that come while one is on its way go together
 * in the next, up to `mostEvents`; nothing ever waits for more to come.
 */
export class Carriage {
  #waiting: Passenger[] = [];
  #isOnItsWay = false;

  constructor(
    private readonly settle: (portions: readonly Portion[], control: BatchControl) => Promise<Settled[]>,
    private readonly mostEvents: number,
  ) {}

  /** Resolves when the portion's transaction has ended. A failure is told to all who travelled together. */
  carry(portion: Portion, control: BatchControl): Promise<Settled> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ portion, control, resolve, reject });
      if (this.#isOnItsWay) return;
      this.#isOnItsWay = true;
      // The partitions of one fetch are handed over one after the other in one turn of the event loop.
      setImmediate(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    for (let aboard = this.#board(); aboard.length > 0; aboard = this.#board()) {
      try {
        const settled = await this.settle(
          aboard.map(({ portion }) => portion),
          together(aboard),
        );
        for (const [index, passenger] of aboard.entries()) passenger.resolve(settled[index] as Settled);
      } catch (error) {
        for (const passenger of aboard) passenger.reject(error);
      }
    }
    this.#isOnItsWay = false;
  }

  /**
   * The next portions, in the order in which they came. A partition travels once at most: a client that was replaced may
   * still bring it while its successor does.
   */
  #board(): Passenger[] {
    const partitions = new Set<number>();
    const aboard: Passenger[] = [];
    const staying: Passenger[] = [];
    let events = 0;
    for (const passenger of this.#waiting) {
      const { partition, records } = passenger.portion;
      const fits = aboard.length === 0 || events + records.length <= this.mostEvents;
      if (!fits || partitions.has(partition)) staying.push(passenger);
      else {
        partitions.add(partition);
        events += records.length;
        aboard.push(passenger);
      }
    }
    this.#waiting = staying;
    return aboard;
  }
}

/** Goes on as long as one of them does, and keeps alive those who do. */
function together(aboard: readonly Passenger[]): BatchControl {
  return {
    stopping: () => aboard.every(({ control }) => control.stopping()),
    heartbeat: async () => {
      for (const { control } of aboard) if (!control.stopping()) await control.heartbeat();
    },
  };
}
