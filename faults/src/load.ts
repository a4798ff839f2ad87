import type { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { outcomeOf } from './answers.js';
import { type History, isAcknowledged, type Outcome } from './history.js';
import { call, keptConnections } from './http.js';
import type { Counter, Posting } from './purchases.js';
import type { Random } from './random.js';

export interface LoadOptions {
  /** Gateways; tills take turns. */
  readonly urls: readonly string[];
  readonly history: History;
  readonly random: Random;
  /** The next guest's purchase. */
  readonly next: () => Posting;
  readonly counter: Counter;
  /** Tills at work at once, each with one request. */
  readonly tills: number;
  /** Purchases at most, so that a run ends also when everything is quick. */
  readonly most: number;
  /** How long a till rests between two guests; none unless told. */
  readonly pauseMs?: number;
  /** How long a till waits for an answer. */
  readonly patienceMs?: number;
  /** How often a till gives a purchase up after an attempt without an answer, and never asks again. */
  readonly givesUp?: number;
  /** How often a till asks again although it was answered, under the same key or, rebooted, under a new one. */
  readonly asksAgain?: number;
  /** How often a purchase that was acknowledged is given back. */
  readonly refunds?: number;
}

/** How long tills keep trying after the load was told to stop. */
const WIND_DOWN_MS = 45_000;

const LONGEST_PAUSE_MS = 400;

/** Tills that post purchases as tills do: again and again under the same key until there is an answer. */
export class Load {
  readonly #agent: Agent;
  readonly #working: Promise<void>[];
  #begun = 0;
  #acknowledged = 0;
  #stopping = false;
  #giveUpAt = Number.POSITIVE_INFINITY;

  private constructor(private readonly options: LoadOptions) {
    this.#agent = keptConnections(options.tills);
    this.#working = Array.from({ length: options.tills }, (_, till) => this.#work(till));
  }

  static start(options: LoadOptions): Load {
    return new Load(options);
  }

  /** Purchases that were acknowledged so far. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Waits until so many more purchases are acknowledged. @throws when they are not within `withinMs`. */
  async goesOnFor(purchases: number, withinMs = 90_000): Promise<void> {
    const goal = this.#acknowledged + purchases;
    const until = performance.now() + withinMs;
    while (this.#acknowledged < goal) {
      if (performance.now() > until) {
        throw new Error(
          `${goal - this.#acknowledged} of ${purchases} purchases were not acknowledged in ${withinMs / 1_000} s`,
        );
      }
      await sleep(10);
    }
  }

  /** Takes no new guests; what was begun is tried until it is answered, for a while. Safe to repeat. */
  async stop(windDownMs = WIND_DOWN_MS): Promise<void> {
    this.#stopping = true;
    this.#giveUpAt = performance.now() + windDownMs;
    await Promise.all(this.#working);
    this.#agent.destroy();
  }

  async #work(till: number): Promise<void> {
    while (!this.#stopping && this.#begun < this.options.most) {
      this.#begun += 1;
      await this.#serve(this.options.next(), till);
      if (this.options.pauseMs) await sleep(this.options.pauseMs * (0.5 + this.options.random.fraction()));
    }
  }

  async #serve(purchase: Posting, till: number): Promise<void> {
    const { random, refunds = 0, counter } = this.options;
    if ((await this.#post(purchase, till)) && random.chance(refunds)) await this.#post(counter.refund(purchase), till);
  }

  /** Answers whether it was acknowledged in the end. */
  async #post(posting: Posting, till: number): Promise<boolean> {
    const { random, givesUp = 0, asksAgain = 0 } = this.options;
    let key = posting.key;
    for (let attempts = 1; ; attempts++) {
      const outcome = await this.#attempt(posting, key, till + attempts - 1);
      if (isAcknowledged(outcome)) {
        this.#acknowledged += 1;
        break;
      }
      if (outcome.kind !== 'retry' && outcome.kind !== 'lost') return false;
      if (performance.now() > this.#giveUpAt || random.chance(givesUp)) return false;
      // A till that was switched off and on makes a new key for the receipt that it still holds.
      if (random.chance(0.1)) key = `${posting.key}-rebooted-${attempts}`;
      await sleep(pauseMs(outcome, attempts, random));
    }
    if (random.chance(asksAgain)) {
      await this.#attempt(posting, random.chance(0.7) ? key : `${key}-again`, till);
    }
    return true;
  }

  async #attempt(posting: Posting, key: string, turn: number): Promise<Outcome> {
    const { urls, history, patienceMs = 5_000 } = this.options;
    return post(this.#agent, urls[turn % urls.length] as string, history, { ...posting, key }, patienceMs);
  }
}

/** Posts a purchase or a refund once and writes request and answer down. */
export async function post(
  agent: Agent,
  gatewayUrl: string,
  history: History,
  { operation, till, receipt, memberId, key, body, isPoison }: Posting,
  patienceMs: number,
): Promise<Outcome> {
  const attempt = history.begin({ operation, receipt, memberId, key, isPoison });
  const answer = await call(agent, {
    method: 'POST',
    url: `${gatewayUrl}/v1/${operation}s`,
    bearer: till.key,
    headers: { 'idempotency-key': key },
    body,
    patienceMs,
  });
  const { outcome, replayed } = outcomeOf(answer);
  history.end(attempt, outcome, replayed);
  return outcome;
}

/** What the server asks for, within bounds: a suite has no hour to wait. */
function pauseMs(outcome: Outcome, attempts: number, random: Random): number {
  const asked = outcome.kind === 'retry' ? (outcome.afterMs ?? 0) : 0;
  const own = 20 * 2 ** Math.min(attempts, 5);
  return Math.min(LONGEST_PAUSE_MS, Math.max(asked, own)) * (0.5 + random.fraction());
}
