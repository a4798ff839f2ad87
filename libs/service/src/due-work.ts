import { Logger } from '@nestjs/common';
import { isOutage } from './outage.js';

/** Time-driven work of a service. */
export interface DueWorkOptions {
  /** For the log, e.g. `messages`. */
  readonly name: string;
  /** Claims rows that are due by lease, does them and answers how many there were. Safe on several replicas at once. */
  readonly batch: () => Promise<number>;
  /** How long it may rest between two looks, while nothing is due and nobody wakes it. */
  readonly longestRestMs: number;
}

const SHORTEST_REST_MS = 5;

/**
 * Looks for due rows until it is stopped (architecture: "Time-driven work"). The rows are the truth and say when they
 * are due; this only decides when to look: again at once while there is work, at growing intervals while there is none.
 */
export class DueWork {
  readonly #log: Logger;
  #restMs = SHORTEST_REST_MS;
  #endRest: (() => void) | undefined;
  #stopping = false;
  #running: Promise<void> | undefined;

  constructor(private readonly options: DueWorkOptions) {
    this.#log = new Logger(options.name);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Something is or will shortly be due: look at short intervals again. May be called before the commit. */
  wake(): void {
    this.#restMs = SHORTEST_REST_MS;
    this.#endRest?.();
  }

  /** Resolves when the batch that runs, if one does, is finished. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#endRest?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const found = await this.#look();
      if (found > 0) this.#restMs = SHORTEST_REST_MS;
      else await this.#rest();
    }
  }

  async #look(): Promise<number> {
    try {
      return await this.options.batch();
    } catch (error) {
      if (isOutage(error)) this.#log.warn({ err: error }, 'a dependency is out');
      else this.#log.error({ err: error }, 'defect');
      this.#restMs = this.options.longestRestMs;
      return 0;
    }
  }

  async #rest(): Promise<void> {
    if (this.#stopping) return;
    const ms = this.#restMs;
    this.#restMs = Math.min(ms * 2, this.options.longestRestMs);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endRest = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endRest = undefined;
  }
}
