import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { patientFetch } from './patience.js';

type Act = (response: ServerResponse) => void;

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** A server that acts in turn, and what it was sent. */
async function server(...acts: Act[]) {
  const seen: { key: string | undefined; body: string }[] = [];
  const listener = async (request: IncomingMessage, response: ServerResponse) => {
    seen.push({ key: request.headers['idempotency-key'] as string | undefined, body: await text(request) });
    acts[Math.min(seen.length, acts.length) - 1]?.(response);
  };
  const http = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    http.closeAllConnections();
    http.close();
  });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`, seen };
}

const drop: Act = (response) => void response.destroy();
const status =
  (code: number): Act =>
  (response) =>
    void response.writeHead(code).end('{}');
const never: Act = () => undefined;

const quick = patientFetch({ attempts: 3, timeoutMs: 200, pauseMs: 1 });
const write = (url: string, headers: Record<string, string> = { 'idempotency-key': 'k-1' }) =>
  new Request(url, { method: 'POST', headers, body: '{"a":1}' });

describe('A patient caller', () => {
  it('[O6] repeats the same bytes under the same key after a dropped answer, a slow one and a 503', async () => {
    const { url, seen } = await server(drop, never, status(201));
    expect((await quick(write(url))).status).toBe(201);
    expect(seen).toEqual(Array.from({ length: 3 }, () => ({ key: 'k-1', body: '{"a":1}' })));
  });

  it('[O6] repeats 429 and 503, and tells the last answer when patience ends', async () => {
    const { url, seen } = await server(status(429), status(503), status(503), status(201));
    expect((await quick(write(url))).status).toBe(503);
    expect(seen).toHaveLength(3);
  });

  it('[O6] repeats no refusal', async () => {
    const { url, seen } = await server(status(409), status(201));
    expect((await quick(write(url))).status).toBe(409);
    expect(seen).toHaveLength(1);
  });

  it('[O6] tries a write without a key once', async () => {
    const { url, seen } = await server(status(503), status(201));
    expect((await quick(write(url, {}))).status).toBe(503);
    expect(seen).toHaveLength(1);
  });

  it('[O6] waits as long as Retry-After says', async () => {
    const { url } = await server((response) => void response.writeHead(503, { 'retry-after': '1' }).end(), status(201));
    const from = performance.now();
    expect((await quick(write(url))).status).toBe(201);
    expect(performance.now() - from).toBeGreaterThanOrEqual(950);
  });
});
