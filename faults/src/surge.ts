import { setTimeout as sleep } from 'node:timers/promises';
import { WireConnection } from '@regulars/testing';
import { outcomeOf } from './answers.js';
import type { Attempt, History } from './history.js';
import type { Posting } from './purchases.js';

/** How long a till waits for the last answers. */
const PATIENCE_MS = 10_000;

export interface SurgeOptions {
  readonly url: string;
  readonly history: History;
  readonly next: () => Posting;
  readonly perSecond: number;
  readonly seconds: number;
  /** Requests at the same time, at most; what does not fit is not offered. */
  readonly mostInFlight: number;
}

/** What guests did to the tills, and what the platform did about it. */
export interface Surge {
  readonly attempts: readonly Attempt[];
  /** Requests that were really sent, a second. */
  readonly offeredPerSecond: number;
}

/**
 * Guests come at a fixed rate, whether or not those before them were served; nobody tries again. Made to cost little: a
 * generator that is short of CPU would measure itself.
 */
export async function surge({ url, history, next, perSecond, seconds, mostInFlight }: SurgeOptions): Promise<Surge> {
  const firstAttempt = history.attempts.length;
  const tills = await Tills.open(new URL(url), history, mostInFlight);
  const from = performance.now();
  let due = 0;
  let skipped = 0;
  for (let elapsedMs = 0; elapsedMs < seconds * 1_000; elapsedMs = performance.now() - from) {
    for (; due < (elapsedMs / 1_000) * perSecond; due++) if (!tills.post(next)) skipped += 1;
    await sleep(2);
  }
  const offeredPerSecond = (due - skipped) / seconds;
  for (const until = performance.now() + PATIENCE_MS; tills.waiting > 0 && performance.now() < until; ) await sleep(10);
  tills.close();
  return { attempts: history.attempts.slice(firstAttempt), offeredPerSecond };
}

/** Tills with a connection each that is kept open; one whose connection broke is out of use. */
class Tills {
  #free: WireConnection[] = [];
  readonly #waiting = new Map<WireConnection, Attempt>();

  private constructor(
    private readonly host: string,
    private readonly history: History,
  ) {}

  static async open(url: URL, history: History, count: number): Promise<Tills> {
    if (url.hostname !== '127.0.0.1') throw new Error(`${url.hostname} is not this machine`);
    const tills = new Tills(url.host, history);
    const opened = Array.from({ length: count }, async () => {
      const connection: WireConnection = await WireConnection.open(url, () => tills.#lose(connection));
      return connection;
    });
    tills.#free = await Promise.all(opened);
    return tills;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Sends the next guest's purchase, unless all tills are waiting. */
  post(next: () => Posting): boolean {
    const connection = this.#free.pop();
    if (!connection) return false;
    const { operation, till, receipt, memberId, key, body } = next();
    const attempt = this.history.begin({ operation, receipt, memberId, key });
    this.#waiting.set(connection, attempt);
    const head =
      `POST /v1/${operation}s HTTP/1.1\r\nhost: ${this.host}\r\nauthorization: Bearer ${till.key}\r\n` +
      `idempotency-key: ${key}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
    connection.send(head + body, (status, answer) => {
      this.#waiting.delete(connection);
      this.#free.push(connection);
      const { outcome, replayed } = outcomeOf({ status, headers: {}, text: answer.toString() });
      this.history.end(attempt, outcome, replayed);
    });
    return true;
  }

  /** Whoever still waits has waited in vain. */
  close(): void {
    for (const connection of [...this.#waiting.keys()]) this.#lose(connection);
    for (const connection of this.#free) connection.close();
  }

  #lose(connection: WireConnection): void {
    connection.close();
    this.#free = this.#free.filter((each) => each !== connection);
    const attempt = this.#waiting.get(connection);
    this.#waiting.delete(connection);
    if (attempt) this.history.end(attempt, { kind: 'lost' }, false);
  }
}

/** The latency in milliseconds that this share of the attempts stayed under; 0 for none. */
export function quantileMs(attempts: readonly Pick<Attempt, 'sentAtMs' | 'answeredAtMs'>[], share: number): number {
  const latencies = attempts.map(({ sentAtMs, answeredAtMs = Number.POSITIVE_INFINITY }) => answeredAtMs - sentAtMs);
  latencies.sort((a, b) => a - b);
  return latencies[Math.max(0, Math.ceil(latencies.length * share) - 1)] ?? 0;
}
