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
});

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
    while (performance.now() < until) {
      const asked = Array.from({ length: 6 }, (_, nth) => listStores(edges[nth % 2] as Edge, tokens[nth % 2] ?? ''));
      for (const answer of await Promise.all(asked)) {
        statuses.push(answer.statusCode);
        if (answer.statusCode !== 429) continue;
        expect(answer.json()).toMatchObject({ code: 'TOO_MANY_CALLS', retryable: true });
        expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      }
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    const served = statuses.filter((status) => status === 200).length;
    expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
    expect(served).toBeGreaterThan(2 * PER_SECOND);
    for (const gateway of [0, 1]) expect(statuses.filter((_, nth) => nth % 2 === gateway)).toContain(429);
    // Both have saved two seconds' worth at the start, and hear of each other within one.
    expect(served).toBeLessThan(PER_SECOND * (seconds + 2 * 2 + 1));
    const [other = ''] = await tokensOf('other');
    expect((await listStores(edges[0] as Edge, other)).statusCode).toBe(200);
  });

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

describe('Limits of addresses', () => {
  /** How many of twelve requests at once are let in, of one peer, each forwarded for somebody or for nobody. */
  async function letIn(edge: Edge, peer: string, forwardedFor?: string): Promise<number> {
    const asked = Array.from({ length: 12 }, () =>
      edge.app.inject({
        method: 'GET',
        url: '/v1/stores',
        remoteAddress: peer,
        ...(forwardedFor !== undefined && { headers: { 'x-forwarded-for': forwardedFor } }),
      }),
    );
    const statuses = (await Promise.all(asked)).map(({ statusCode }) => statusCode);
    expect(statuses.filter((status) => status !== 401 && status !== 429)).toEqual([]);
    expect(statuses).toContain(429);
    return statuses.filter((status) => status === 401).length;
  }

  it('[O4] count whom a trusted proxy speaks for, and believe nobody else', async () => {
    const edge = await startEdge({ LIMIT_ADDRESS_PER_S: '1', TRUSTED_PROXIES: '10.0.0.0/8, 192.168.1.7' });
    const [fresh, exhausted] = [2, 1];
    try {
      expect(await letIn(edge, '10.1.2.3', '203.0.113.1')).toBeGreaterThanOrEqual(fresh);
      expect(await letIn(edge, '192.168.1.7', '203.0.113.1')).toBeLessThanOrEqual(exhausted);
      // Of several forwarders the last one that is no proxy counts: what stands before it anybody can write.
      expect(await letIn(edge, '10.1.2.3', '1.2.3.4, 203.0.113.1')).toBeLessThanOrEqual(exhausted);
      // The neighbour behind the same proxy has an allowance of its own.
      expect(await letIn(edge, '10.1.2.3', '203.0.113.2')).toBeGreaterThanOrEqual(fresh);
      // Who is no proxy of ours cannot make himself another by a header.
      expect(await letIn(edge, '198.51.100.9', '203.0.113.50')).toBeGreaterThanOrEqual(fresh);
      expect(await letIn(edge, '198.51.100.9', '203.0.113.51')).toBeLessThanOrEqual(exhausted);
      expect(await letIn(edge, '198.51.100.10', '203.0.113.51')).toBeGreaterThanOrEqual(fresh);
    } finally {
      await edge.stop();
    }
  });
});
