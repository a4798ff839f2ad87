import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { gatewaySettings } from '../src/gateway.config.js';
import { type Edge, startEdge } from './edge.js';

const desk = 'https://desk.example.com';
let open: Edge;
let closed: Edge;

beforeAll(async () => {
  [open, closed] = await Promise.all([startEdge({ CORS_ORIGINS: `${desk}, http://localhost:5173` }), startEdge()]);
});

afterAll(() => Promise.all([open.stop(), closed.stop()]));

const preflight = (edge: Edge, origin: string) =>
  request(edge.app.getHttpServer())
    .options('/v1/purchases')
    .set({ origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'idempotency-key' });

describe('A page in a browser', () => {
  it('[O4] may call when its origin is configured, and read refusals too', async () => {
    const asked = await preflight(open, desk);
    expect([asked.status, asked.headers['access-control-allow-origin']]).toEqual([204, desk]);
    expect(asked.headers['access-control-allow-headers']).toContain('Idempotency-Key');
    expect(asked.headers['access-control-allow-credentials']).toBeUndefined();
    const refused = await request(open.app.getHttpServer()).get('/v1/stores').set('origin', desk);
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, desk]);
    expect(refused.headers['access-control-expose-headers']).toContain('ETag');
  });

  it('[O4] may not call from any other origin, and from none where none is configured', async () => {
    for (const [edge, origin] of [
      [open, 'https://evil.example'],
      [open, 'null'],
      [closed, desk],
    ] as const) {
      const asked = await preflight(edge, origin);
      expect([origin, asked.status >= 400, asked.headers['access-control-allow-origin']]).toEqual([
        origin,
        true,
        undefined,
      ]);
    }
  });

  it('[O4] is configured by origins, not by patterns or addresses with a path', () => {
    const { CORS_ORIGINS } = gatewaySettings.shape;
    for (const wrong of ['*', 'desk.example.com', `${desk}/`, 'null'])
      expect(CORS_ORIGINS.safeParse(wrong).success).toBe(false);
    expect(CORS_ORIGINS.parse(undefined)).toEqual([]);
  });

  it('[O4] gets the security headers with every answer, refusals and nonsense included', async () => {
    for (const path of ['/docs', '/openapi.json', '/v1/stores', '/nowhere']) {
      const { headers } = await request(closed.app.getHttpServer()).get(path);
      expect([path, headers]).toEqual([
        path,
        expect.objectContaining({
          'content-security-policy': expect.stringContaining("default-src 'self'"),
          'strict-transport-security': expect.stringContaining('max-age='),
          'x-content-type-options': 'nosniff',
          'x-frame-options': 'SAMEORIGIN',
          'referrer-policy': 'no-referrer',
          'cross-origin-opener-policy': 'same-origin',
        }),
      ]);
      expect([path, headers['x-powered-by'], headers.server]).toEqual([path, undefined, undefined]);
    }
  });
});
