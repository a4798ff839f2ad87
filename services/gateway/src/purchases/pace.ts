const SLOTS = 4;
const FIRST_GUESS_MS = 20;
const WEIGHT = 0.2;

/**
 * How many calls may be on their way at once. One is best: the fuller the calls, the cheaper each item. Another starts
 * only when the oldest has taken more than twice its usual time (measured: stack.md, slots and lanes).
 */
export class Pace {
  private usualMs = FIRST_GUESS_MS;

  /** A call was answered; the moments are of one monotonic clock. */
  answered(startedMs: number, answeredMs: number): void {
    this.usualMs += (answeredMs - startedMs - this.usualMs) * WEIGHT;
  }

  /** How long from now until one more call may start; 0 when it may at once, undefined when only an answer helps. */
  waitMs(onTheirWay: number, oldestTookMs: number): number | undefined {
    if (onTheirWay === 0) return 0;
    if (onTheirWay >= SLOTS) return undefined;
    return Math.max(0, 2 * this.usualMs - oldestTookMs);
  }
}
