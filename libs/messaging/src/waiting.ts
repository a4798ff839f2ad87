/** A sleep that another part of the process can end. A ring while nobody sleeps ends the next sleep at once. */
export class Alarm {
  #rung = false;
  #ring: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#ring?.();
  }

  async sleep(ms: number): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#ring = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#ring = undefined;
    this.#rung = false;
  }
}

/** How long to wait before attempt `attempt` (from 0): doubling from `firstMs` up to `mostMs`, with up to a fifth off. */
export function backoffMs(attempt: number, firstMs: number, mostMs: number): number {
  return Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 30)) * (0.8 + Math.random() * 0.2);
}

/** Waits for `work`, but not longer than `ms`: for a shutdown that must not hang on a dead server. */
export async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    work,
    new Promise((resolve) => {
      timer = setTimeout(resolve, ms);
    }),
  ]).finally(() => clearTimeout(timer));
}

const REST_PER_WORK = 3;
const LONGEST_REST_MS = 200;

/**
 * How long batched work rests after a batch, in milliseconds: so that batches begin `everyMs` apart, and where the machine
 * is so busy that a batch takes long, three times as long as it took. Batches then grow instead of competing with the
 * purchases that cause them; what is gathered costs less.
 */
export function restAfterMs(tookMs: number, everyMs: number): number {
  return Math.max(0, everyMs - tookMs, Math.min(REST_PER_WORK * tookMs, LONGEST_REST_MS));
}
