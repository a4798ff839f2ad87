import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { announceTill, type Edge, purchaseBody, startEdge } from './edge.js';
import { creditAll } from './owners.js';

const AT_ONCE = 400;

let edge: Edge;

beforeAll(async () => {
  edge = await startEdge();
});

afterAll(() => edge.stop());

describe('More purchases at once than can be served in time', () => {
  it('[L1] are refused at the door, and whoever was let in is served', async () => {
    edge.owners.answer('postPurchases', async (request) => {
      await sleep(600);
      return creditAll(request);
    });
    const till = await announceTill(edge);
    const url = await edge.app.getUrl();
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        const response = await fetch(`${url}/v1/purchases`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${till.key}`,
            'idempotency-key': crypto.randomUUID(),
            'content-type': 'application/json',
          },
          body: JSON.stringify(purchaseBody()),
        });
        return {
          status: response.status,
          headers: response.headers,
          body: (await response.json()) as { code?: string },
        };
      }),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(AT_ONCE - refused.length);
    expect(refused.length).toBeGreaterThan(100);
    expect(refused.length).toBeLessThanOrEqual(AT_ONCE - 24);
    for (const { headers, body } of refused) {
      expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
      expect(body).toMatchObject({
        status: 429,
        code: 'OVERLOADED',
        retryable: true,
        traceId: headers.get('x-trace-id'),
      });
    }
  });
});
