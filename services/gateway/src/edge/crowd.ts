/** Who would wait longer than this is better told at once to come again: a till's patience is half a second. */
const MOST_WAIT_MS = 220;
/** So many are always let in: a rate that was seen while little was to do says nothing about what can be done. */
const ALWAYS_LET_IN = 24;
/** A window tells what can be done only when so many were in hand, on average, while it was counted. */
const BUSY = 12;
const WINDOW_MS = 100;
/** What was answered in a good moment is believed slowly, what was not in a bad one soon. */
const [RISES_BY, FALLS_BY] = [0.2, 0.5];
const FIRST_GUESS_PER_MS = 1;

/**
 * What is in hand between its first byte and its answer, and how long who comes now would wait behind it (architecture,
 * "The purchase path" 8). The moments are of one monotonic clock, in milliseconds.
 */
export class Crowd {
  private inHand = 0;
  private perMs = FIRST_GUESS_PER_MS;
  private windowFromMs = 0;
  private answered = 0;
  private crowding = 0;

  /** Lets one in, or refuses it because it would wait too long; `lagMs` is how late everything is already. */
  letIn(nowMs: number, lagMs: number): boolean {
    if (this.inHand >= ALWAYS_LET_IN && this.inHand / this.rate(nowMs) + lagMs > MOST_WAIT_MS) return false;
    this.inHand += 1;
    return true;
  }

  /** One that was let in has its answer. */
  answer(nowMs: number): void {
    this.crowding += this.inHand;
    this.answered += 1;
    this.inHand -= 1;
    const tookMs = nowMs - this.windowFromMs;
    if (tookMs < WINDOW_MS) return;
    if (this.crowding / this.answered >= BUSY) {
      const more = this.answered / tookMs - this.perMs;
      this.perMs += more * (more > 0 ? RISES_BY : FALLS_BY);
    }
    this.windowFromMs = nowMs;
    this.answered = 0;
    this.crowding = 0;
  }

  /** Answers a millisecond; when none closes a window for long, what was usual is over. */
  private rate(nowMs: number): number {
    const openMs = nowMs - this.windowFromMs;
    return openMs > 2 * WINDOW_MS ? Math.min(this.perMs, (this.answered + 1) / openMs) : this.perMs;
  }
}

/** What a guest waits for at the till. */
export const PURCHASES: readonly string[] = ['/v1/purchases', '/v1/refunds'];

/** What a request is for, the most urgent first: a guest waits at the till for the first two. */
export type Urgency = 'purchase' | 'till-write' | 'read' | 'bulk';

/** With fewer requests of all kinds in hand the gateway is late for another reason than them, and all are let in. */
const CROWDED = 256;

/**
 * How late a crowded gateway may be before requests of each kind are refused, so that what is more urgent is served:
 * least urgent first. Purchases are judged by their crowd.
 */
const mostLagMs: Readonly<Record<Exclude<Urgency, 'purchase'>, number>> = { 'till-write': 300, read: 200, bulk: 100 };

/** Whether a request of this kind has to give way. */
export function givesWay(urgency: Exclude<Urgency, 'purchase'>, lagMs: number, inHand: number): boolean {
  return inHand >= CROWDED && lagMs > mostLagMs[urgency];
}

/** How urgent the requests of a route are; its path as the permission table spells it. */
export function urgencyOf(method: string, path: string, tills: boolean): Urgency {
  if (method === 'POST' && PURCHASES.includes(path)) return 'purchase';
  if (path.endsWith(':batch') || path.startsWith('/v1/reports')) return 'bulk';
  if (method === 'GET' || method === 'HEAD') return 'read';
  return tills ? 'till-write' : 'read';
}
