/** So many calls in a row that found nobody, and the owner is taken to be out. */
const FOUND_NOBODY = 5;
/** While it is out, one call after each such rest, counted from the last that failed, tries whether it is back. */
const REST_MS = 1_000;
/** Calls to one owner at the same time: what is slow holds no more than this, whatever is asked of it. */
const MOST_UNDER_WAY = 128;

/**
 * Keeps a slow or absent owner from taking the others down: callers are told at once instead of waiting where nobody
 * answers. The moments are of one monotonic clock, in milliseconds.
 */
export class Breaker {
  private underWay = 0;
  private foundNobody = 0;
  private nextTryMs = 0;

  /** Whether a call may go; whoever is told `go` tells afterwards how it `ended`. */
  ask(nowMs: number): 'go' | 'out' | 'full' {
    if (this.foundNobody >= FOUND_NOBODY) {
      if (nowMs < this.nextTryMs) return 'out';
      this.nextTryMs = nowMs + REST_MS;
    } else if (this.underWay >= MOST_UNDER_WAY) {
      return 'full';
    }
    this.underWay += 1;
    return 'go';
  }

  /** A call ended: it found somebody, whatever the answer, or nobody. */
  ended(nowMs: number, foundSomebody: boolean): void {
    this.underWay -= 1;
    this.foundNobody = foundSomebody ? 0 : this.foundNobody + 1;
    if (this.foundNobody >= FOUND_NOBODY) this.nextTryMs = nowMs + REST_MS;
  }
}
