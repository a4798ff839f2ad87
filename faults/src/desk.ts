import { setTimeout as sleep } from 'node:timers/promises';
import { call, keptConnections } from './http.js';

/** Longer than the gateway itself waits for an owner. */
const PATIENCE_MS = 10_000;

export interface DeskOptions {
  /** Of the gateway. */
  readonly url: string;
  readonly bearer: string;
  /** What is read, such as `/v1/stores`. */
  readonly path: string;
  readonly perSecond: number;
  readonly seconds: number;
}

/** One read and its answer; the moments are of one monotonic clock. */
export interface Asked {
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  /** Undefined where no answer came. */
  readonly status: number | undefined;
}

/** People at desks read at a fixed rate, whether or not those before them were answered; nobody tries again. */
export async function askSteadily({ url, bearer, path, perSecond, seconds }: DeskOptions): Promise<Asked[]> {
  const agent = keptConnections(perSecond * 4);
  const asked: Promise<Asked>[] = [];
  const ask = async (): Promise<Asked> => {
    const sentAtMs = performance.now();
    const answer = await call(agent, { method: 'GET', url: `${url}${path}`, bearer, patienceMs: PATIENCE_MS });
    return { sentAtMs, answeredAtMs: performance.now(), status: answer?.status };
  };
  const from = performance.now();
  for (let elapsedMs = 0; elapsedMs < seconds * 1_000; elapsedMs = performance.now() - from) {
    while (asked.length < (elapsedMs / 1_000) * perSecond) asked.push(ask());
    await sleep(5);
  }
  const answers = await Promise.all(asked);
  agent.destroy();
  return answers;
}
