import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { putLoad } from './load.js';
import type { Requests } from './requests.js';

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serving(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const purchases: Requests = {
  kind: 'purchases',
  tills: [{ storeId: 'a-store', tillId: 'a-till', key: 'rtk_x' }],
  members: ['8600001234'],
  businessDate: '2026-05-04',
  run: 'T1',
};
const reads: Requests = { kind: 'reads', paths: ['/a', '/b'], bearer: 'token' };

describe('Putting load on a server', () => {
  it('posts purchases that a server can read, each with a receipt number and a key of its own', async () => {
    const seen = new Set<string>();
    const url = await serving((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (part: string) => (text += part));
      request.on('end', () => {
        const body = JSON.parse(text) as {
          receiptNumber: string;
          totalMinor: number;
          lines: { amountMinor: number }[];
        };
        expect(body.lines.reduce((sum, line) => sum + line.amountMinor, 0)).toBe(body.totalMinor);
        expect(request.headers['idempotency-key']).toBe(body.receiptNumber);
        expect(seen.has(body.receiptNumber)).toBe(false);
        seen.add(body.receiptNumber);
        response.setHeader('content-length', 22);
        response.writeHead(201).end('{"outcome":"credited"}');
      });
    });
    const result = await putLoad({ url, connections: 4, warmUpS: 0.1, seconds: 0.2, requests: purchases });
    expect(result.acknowledged).toBe(seen.size);
    expect(result.acknowledged).toBeGreaterThan(result.perSecond * 0.2);
  });

  it('posts each of what it is told once, in order, under a key of its own', async () => {
    const seen: string[] = [];
    const keys = new Set<unknown>();
    const url = await serving((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (part: string) => (text += part));
      request.on('end', () => {
        seen.push(`${request.url} ${text}`);
        keys.add(request.headers['idempotency-key']);
        response.writeHead(201, { 'content-length': 2 }).end('{}');
      });
    });
    const posts = Array.from({ length: 10_000 }, (_, n) => [`/p/${n}`, `{"茶":${n}}`] as const);
    const requests: Requests = { kind: 'posts', bearer: 'rtk_x', posts };
    const job = { url, connections: 1, perSecond: 100, warmUpS: 0, seconds: 0.3, requests };
    const { acknowledged } = await putLoad(job);
    expect(seen).toEqual(posts.slice(0, acknowledged).map(([path, body]) => `${path} ${body}`));
    expect(keys.size).toBe(acknowledged);
  });

  it('counts no purchase that is kept without points as acknowledged', async () => {
    const url = await serving((_request, response) => {
      response.setHeader('content-length', 21);
      response.writeHead(202).end('{"outcome":"pending"}');
    });
    const result = await putLoad({ url, connections: 1, warmUpS: 0, seconds: 1, requests: purchases });
    expect(result).toMatchObject({ acknowledged: 0, perSecond: 0, statuses: { other: expect.any(Number) } });
  });

  it('reads answers that arrive in pieces', async () => {
    const url = await serving((_request, response) => {
      response.writeHead(200, { 'content-length': 10 }).flushHeaders();
      response.write('01234');
      setTimeout(() => response.end('56789'), 5);
    });
    const { statuses } = await putLoad({ url, connections: 2, warmUpS: 0, seconds: 1, requests: reads });
    expect(Object.keys(statuses)).toEqual(['200']);
  });

  it('charges a server that stalls for everybody who would have waited', async () => {
    let stall: Promise<unknown> | undefined;
    const url = await serving((_request, response) => {
      void (stall ?? Promise.resolve()).then(() => response.writeHead(200, { 'content-length': 2 }).end('{}'));
    });
    setTimeout(() => {
      stall = sleep(300);
    }, 300);
    const paced = await putLoad({ url, connections: 1, warmUpS: 0, seconds: 1, perSecond: 200, requests: reads });
    // One connection saw one slow answer; sixty requests were due while it waited, a third of the second on average late.
    expect(paced.p95Ms).toBeGreaterThan(150);
  });

  it('fails when a connection breaks', async () => {
    const url = await serving((request) => request.socket.destroy());
    await expect(putLoad({ url, connections: 1, warmUpS: 0, seconds: 1, requests: reads })).rejects.toThrow();
  });
});
