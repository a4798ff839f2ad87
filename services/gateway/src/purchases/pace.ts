const SLOTS = 4;
const FIRST_GUESS_MS = 20;
const WEIGHT = 0.2;

/** Who would wait longer than this is better told at once to come again: a till's patience is half a second. */
const MOST_WAIT_MS = 400;
/** So many may always wait: a rate that was seen while little was to do says nothing about what can be done. */
const ALWAYS_TAKEN = 128;

/**
 * How many calls may be on their way at once. One is best: the fuller the calls, the cheaper each item. Another starts
 * only when the oldest has taken more than twice its usual time (measured: stack.md, slots and lanes).
 */
export class Pace {
  private usualMs = FIRST_GUESS_MS;
  private itemsPerMs: number | undefined;
  private lastAnsweredMs = 0;

  /** A call with so many items was answered; the moments are of one monotonic clock. */
  answered(startedMs: number, answeredMs: number, items: number): void {
    this.usualMs += (answeredMs - startedMs - this.usualMs) * WEIGHT;
    // Calls overlap: what counts is the time since the one before was answered.
    const itemsPerMs = items / Math.max(0.1, answeredMs - Math.max(startedMs, this.lastAnsweredMs));
    this.itemsPerMs ??= itemsPerMs;
    this.itemsPerMs += (itemsPerMs - this.itemsPerMs) * WEIGHT;
    this.lastAnsweredMs = answeredMs;
  }

  /** Whether whoever comes now would wait too long behind those that wait and those that are on their way. */
  isTooLate(waiting: number, onTheirWay: number): boolean {
    if (waiting < ALWAYS_TAKEN || this.itemsPerMs === undefined) return false;
    return (waiting + onTheirWay) / this.itemsPerMs > MOST_WAIT_MS;
  }

  /** How long from now until one more call may start; 0 when it may at once, undefined when only an answer helps. */
  waitMs(onTheirWay: number, oldestTookMs: number): number | undefined {
    if (onTheirWay === 0) return 0;
    if (onTheirWay >= SLOTS) return undefined;
    return Math.max(0, 2 * this.usualMs - oldestTookMs);
  }
}
