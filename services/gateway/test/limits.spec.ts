import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RunningService, startService } from '@regulars/testing';
import { announceTill, type Edge, purchaseBody, startEdge } from './edge.js';
import { creditAll } from './owners.js';

const PER_SECOND = 20;
const TILL_PER_SECOND = 5;

let stores: RunningService;
let edges: readonly Edge[];

beforeAll(async () => {
  stores = await startService('stores');
  const limits = { LIMIT_PERSON_PER_S: String(PER_SECOND), LIMIT_TILL_PER_S: String(TILL_PER_SECOND) };
  edges = await Promise.all([0, 1].map(() => startEdge({ STORES_ADDR: stores.grpcAddress, ...limits })));
  for (const edge of edges) edge.owners.answer('postPurchases', creditAll);
}, 90_000);

afterAll(() => Promise.all([stores.stop(), ...edges.map((edge) => edge.stop())]));

function tokensOf(sub: string): Promise<string[]> {
  return Promise.all(edges.map((edge) => edge.issuer.token({ sub, roles: ['auditor'] })));
}

async function listStores(edge: Edge, token: string) {
  return edge.app.inject({ method: 'GET', url: '/v1/stores', headers: { authorization: `Bearer ${token}` } });
}

describe('Limits', () => {
  it('[O4] of a person hold over two gateways, and are nobody else’s', async () => {
    const tokens = await tokensOf('busy');
    const statuses: number[] = [];
    const seconds = 8;
    const until = performance.now() + seconds * 1_000;
    for (let nth = 0; performance.now() < until; nth++) {
      const answer = await listStores(edges[nth % 2] as Edge, tokens[nth % 2] ?? '');
      statuses.push(answer.statusCode);
      if (answer.statusCode === 429) {
        expect(answer.json()).toMatchObject({ code: 'TOO_MANY_CALLS', retryable: true });
        expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const served = statuses.filter((status) => status === 200).length;
    expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
    expect(served).toBeGreaterThan(2 * PER_SECOND);
    for (const gateway of [0, 1]) expect(statuses.filter((_, nth) => nth % 2 === gateway)).toContain(429);
    // Both have saved two seconds' worth at the start, and hear of each other within one.
    expect(served).toBeLessThan(PER_SECOND * (seconds + 2 * 2 + 1));
    const [other = ''] = await tokensOf('other');
    expect((await listStores(edges[0] as Edge, other)).statusCode).toBe(200);
  }, 60_000);

  it('[O4] of a till refuse what is more than a till does, before its body is read', async () => {
    const edge = edges[0] as Edge;
    const [till, neighbour] = [await announceTill(edge), await announceTill(edge)];
    const post = (key: string) =>
      edge.app.inject({
        method: 'POST',
        url: '/v1/purchases',
        headers: { authorization: `Bearer ${key}`, 'idempotency-key': 'k' },
        payload: purchaseBody(),
      });
    const answers = await Promise.all(Array.from({ length: 30 }, () => post(till.key)));
    const served = answers.filter(({ statusCode }) => statusCode === 201).length;
    expect(served).toBeGreaterThanOrEqual(2 * TILL_PER_SECOND);
    expect(served).toBeLessThan(20);
    expect(answers.filter(({ statusCode }) => statusCode === 429)).toHaveLength(30 - served);
    expect((await post(neighbour.key)).statusCode).toBe(201);
  });
});
