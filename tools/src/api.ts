import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** An answer of the platform's HTTP API. */
export interface Answer {
  status: number;
  headers: Headers;
  /** The JSON body; undefined when there is none. */
  body: unknown;
}

/** The platform's HTTP API as one caller uses it: a person with a token or a till with its key. */
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
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.bearer}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(15_000),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  }
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
