import type { Attempt, History } from './history.js';
import { keptConnections } from './http.js';
import { post } from './load.js';
import type { Posting } from './purchases.js';

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

/** Guests come at a fixed rate, whether or not those before them were served; nobody tries again. */
export async function surge({ url, history, next, perSecond, seconds, mostInFlight }: SurgeOptions): Promise<Surge> {
  const agent = keptConnections(mostInFlight);
  const firstAttempt = history.attempts.length;
  const posted: Promise<unknown>[] = [];
  const from = performance.now();
  let due = 0;
  let skipped = 0;
  for (let elapsedMs = 0; elapsedMs < seconds * 1_000; elapsedMs = performance.now() - from) {
    for (; due < (elapsedMs / 1_000) * perSecond; due++) {
      if (history.inFlight < mostInFlight) posted.push(post(agent, url, history, next(), 10_000));
      else skipped += 1;
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const offeredPerSecond = (due - skipped) / seconds;
  await Promise.all(posted);
  agent.destroy();
  return { attempts: history.attempts.slice(firstAttempt), offeredPerSecond };
}

/** The latency in milliseconds that this share of the attempts stayed under; 0 for none. */
export function quantileMs(attempts: readonly Attempt[], share: number): number {
  const latencies = attempts.map(({ sentAtMs, answeredAtMs = Number.POSITIVE_INFINITY }) => answeredAtMs - sentAtMs);
  latencies.sort((a, b) => a - b);
  return latencies[Math.max(0, Math.ceil(latencies.length * share) - 1)] ?? 0;
}
