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
  /** How long it rests at least between two looks, also when it is woken. 5 unless given. */
  readonly shortestRestMs?: number;
  /** From how many rows on a batch may have left some behind, so that it looks again at once. 1 unless given. */
  readonly fullBatch?: number;
}

/**
 * Looks for due rows until it is stopped (architecture: "Time-driven work"). The rows are the truth and say when they
 * are due; this only decides when to look: again at once after a full batch, at growing intervals while nothing is due.
 */
export class DueWork {
  readonly #log: Logger;
  readonly #shortestRestMs: number;
  readonly #fullBatch: number;
  #restMs: number;
  #endRest: ((atLeastMs: number) => void) | undefined;
  #stopping = false;
  #running: Promise<void> | undefined;

  constructor(private readonly options: DueWorkOptions) {
    this.#log = new Logger(options.name);
    this.#shortestRestMs = options.shortestRestMs ?? 5;
    this.#fullBatch = options.fullBatch ?? 1;
    this.#restMs = this.#shortestRestMs;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Something is or will shortly be due: look at short intervals again. May be called before the commit. */
  wake(): void {
    this.#restMs = this.#shortestRestMs;
    this.#endRest?.(this.#shortestRestMs);
  }

  /** Resolves when the batch that runs, if one does, is finished. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#endRest?.(0);
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const found = await this.#look();
      if (found > 0) this.#restMs = this.#shortestRestMs;
      if (found < this.#fullBatch) await this.#rest();
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
    const beganMs = performance.now();
    await new Promise<void>((resolve) => {
      let timer = setTimeout(resolve, ms);
      this.#endRest = (atLeastMs) => {
        clearTimeout(timer);
        timer = setTimeout(resolve, Math.max(0, atLeastMs - (performance.now() - beganMs)));
      };
    });
    this.#endRest = undefined;
  }
}
