/** How much a subject may do: calls a second for long, and as many seconds' worth at once. */
export interface Limit {
  readonly perSecond: number;
}

/** What was saved up while little was asked for may be used at once. */
const SAVED_S = 2;

/**
 * What a subject may still do (a token bucket). What other gateways let in is charged later, so that it may owe; it owes
 * at most what it could have saved. The moments are of one monotonic clock, in milliseconds.
 */
export class Allowance {
  private left: number;
  private countedMs: number;
  /** Calls that were let in here and are not told to the other gateways yet. */
  private untold = 0;
  private knownSum: number | undefined;

  constructor(
    private readonly limit: Limit,
    nowMs: number,
  ) {
    this.left = limit.perSecond * SAVED_S;
    this.countedMs = nowMs;
  }

  /** Lets a call in and answers 0, or answers after how many milliseconds the next one may come. */
  take(nowMs: number): number {
    this.refill(nowMs);
    if (this.left < 1) return ((1 - this.left) / this.limit.perSecond) * 1_000;
    this.left -= 1;
    this.untold += 1;
    return 0;
  }

  /** What other gateways have to know: 0 while it is so little that it does not matter. */
  get toTell(): number {
    return this.untold >= Math.max(1, this.limit.perSecond / 20) ? this.untold : 0;
  }

  /** `told` calls were told, and all gateways together had let in so many: what others did is charged. */
  charge(told: number, sum: number): void {
    const others = this.knownSum === undefined ? 0 : Math.max(0, sum - this.knownSum - told);
    this.untold -= told;
    this.knownSum = sum;
    this.left = Math.max(this.left - others, -this.limit.perSecond * SAVED_S);
  }

  /** Whether nothing of it needs to be remembered: it is as good as a new one. */
  isWhole(nowMs: number): boolean {
    this.refill(nowMs);
    return this.left >= this.limit.perSecond * SAVED_S && this.untold === 0;
  }

  private refill(nowMs: number): void {
    const earned = ((nowMs - this.countedMs) / 1_000) * this.limit.perSecond;
    this.left = Math.min(this.limit.perSecond * SAVED_S, this.left + earned);
    this.countedMs = nowMs;
  }
}
