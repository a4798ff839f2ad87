import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** An answer of the platform's HTTP API. */
export interface Answer {
  status: number;
  headers: Headers;
  /** The JSON body; undefined when there is none. */
  body: unknown;
}

/** How long an answer that asks to come again is followed. */
const PATIENCE_MS = 60_000;

/**
 * The platform's HTTP API as one caller uses it: a person with a token or a till with its key. As every caller should, it
 * repeats what the platform could not serve just now, under the same key.
 */
export class Api {
  constructor(
    private readonly url: string,
    private readonly bearer: string,
  ) {}

  get(path: string): Promise<Answer> {
    return this.send('GET', path);
  }

  /** @param idempotencyKey the same again for the same thing; a new one for each call unless told */
  post(path: string, body: unknown, idempotencyKey: string = randomUUID()): Promise<Answer> {
    return this.send('POST', path, body, { 'idempotency-key': idempotencyKey });
  }

  private async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const request = {
      method,
      headers: {
        authorization: `Bearer ${this.bearer}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    };
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      const response = await fetch(`${this.url}${path}`, { ...request, signal: AbortSignal.timeout(15_000) });
      const text = await response.text();
      const answer = {
        status: response.status,
        headers: response.headers,
        body: text === '' ? undefined : (JSON.parse(text) as unknown),
      };
      if (!isToComeAgain(answer) || performance.now() > until) return answer;
      await sleep(Math.max(250, Number(response.headers.get('retry-after') ?? 0) * 1_000));
    }
  }
}

function isToComeAgain({ status, body }: Answer): boolean {
  return (status === 429 || status === 503) && (body as { retryable?: unknown } | undefined)?.retryable === true;
}

/** The body of an answer that must have succeeded. @throws with the problem document when it did not. */
export function accepted(answer: Answer, what: string): unknown {
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  throw new Error(`${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
}

/** Asks again until there is an answer, because events take a moment. @throws after `withinMs`. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>, withinMs = 60_000): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    if (performance.now() > until) throw new Error(`${what} did not happen within ${withinMs / 1_000} s`);
    await sleep(50);
  }
}
