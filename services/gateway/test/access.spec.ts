import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@regulars/testing';
import request from 'supertest';
import { permissions } from '../src/access/permissions.js';
import { announceKeys, announceTill, type Edge, keyOf, problemIn, purchaseBody, startEdge } from './edge.js';
import { creditAll } from './owners.js';

let edge: Edge;

beforeAll(async () => {
  edge = await startEdge();
  edge.owners.answer('postPurchases', creditAll);
  edge.owners.answer('listStores', () => ({ stores: [], nextCursor: '' }));
});

afterAll(() => edge.stop());

function stores(bearer: string | undefined) {
  const asking = request(edge.app.getHttpServer()).get('/v1/stores');
  return bearer === undefined ? asking : asking.set('authorization', bearer);
}

function post(key: string, body: object = purchaseBody()) {
  return request(edge.app.getHttpServer())
    .post('/v1/purchases')
    .set('authorization', `Bearer ${key}`)
    .set('idempotency-key', 'k')
    .send(body);
}

describe('A till', () => {
  it('[O4] may use two live keys at once', async () => {
    const till = await announceTill(edge, 2);
    for (const key of till.keys) expect((await post(key)).status).toBe(201);
  });

  it('[O4] is refused within seconds after its key was revoked', async () => {
    const till = await announceTill(edge, 2);
    const [old = '', live = ''] = till.keys;
    await announceKeys(edge.topics, till, [live], 2);
    const refused = await eventually(async () => {
      const answer = await post(old);
      return answer.status === 401 && answer;
    });
    expect(refused.body).toMatchObject({ code: 'KEY_NOT_KNOWN' });
    expect(refused.headers['www-authenticate']).toContain('Bearer');
    expect((await post(live)).status).toBe(201);
  });

  it('[O4] gets a revoked key back by no older announcement', async () => {
    const till = await announceTill(edge, 1);
    const later = keyOf(till.tillId);
    await announceKeys(edge.topics, till, [later], 3);
    await eventually(async () => (await post(later)).status === 201);
    await announceKeys(edge.topics, till, [till.key], 2);
    const other = await announceTill(edge, 1);
    expect((await post(other.key)).status).toBe(201);
    expect((await post(till.key)).status).toBe(401);
  });

  it('[O4] is not known by a key that nobody issued', async () => {
    for (const key of [keyOf(randomUUID()), 'rtk_', 'rtk_x_y']) expect((await post(key)).status).toBe(401);
  });

  it('[O4] may not do what people do', async () => {
    const till = await announceTill(edge, 1);
    const answer = await stores(`Bearer ${till.key}`);
    expect([answer.status, problemIn(answer).code]).toEqual([403, 'NOT_ALLOWED']);
  });
});

describe('A person', () => {
  it('[O4] is known by an access token of the issuer', async () => {
    const token = await edge.issuer.token({ sub: 'emma', roles: ['auditor'] });
    expect((await stores(`Bearer ${token}`)).status).toBe(200);
  });

  it.each([
    ['no token', async () => undefined],
    ['no bearer', async () => 'Basic abc'],
    ['a broken token', async () => 'Bearer abc.def.ghi'],
    [
      'an expired token',
      async () => `Bearer ${await edge.issuer.token({ sub: 'e', roles: ['auditor'] }, { expiresIn: '-1s' })}`,
    ],
    [
      'a token of another issuer',
      async () => `Bearer ${await edge.issuer.token({ iss: 'https://evil.example', sub: 'e', roles: ['auditor'] })}`,
    ],
    [
      'a token for another audience',
      async () => `Bearer ${await edge.issuer.token({ aud: 'shop', sub: 'e', roles: ['auditor'] })}`,
    ],
    [
      'a token without a signature',
      async () => {
        const [, payload] = (await edge.issuer.token({ sub: 'e', roles: ['administrator'] })).split('.');
        return `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
      },
    ],
    [
      'a token that was changed',
      async () => {
        const [header, payload = '', signature] = (await edge.issuer.token({ sub: 'e', roles: ['auditor'] })).split(
          '.',
        );
        const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
        const changed = Buffer.from(JSON.stringify({ ...claims, roles: ['administrator'] })).toString('base64url');
        return `Bearer ${header}.${changed}.${signature}`;
      },
    ],
  ])('[O4] is refused with %s', async (_, bearer) => {
    const answer = await stores(await bearer());
    expect([answer.status, problemIn(answer).code]).toEqual([401, 'NOT_AUTHENTICATED']);
  });

  it('[O4] without a role may do nothing', async () => {
    const token = await edge.issuer.token({ sub: 'new', roles: [] });
    expect((await stores(`Bearer ${token}`)).status).toBe(403);
  });

  it('[O4] posts purchases only for stores within the scope, and only at tills that are there', async () => {
    const till = await announceTill(edge, 1);
    const tokenFor = (scope: string[]) => edge.issuer.token({ sub: 'c', roles: ['cashier'], stores: scope });
    const at = (body: object) => ({ ...purchaseBody(), storeId: till.storeId, tillId: till.tillId, ...body });
    expect((await post(await tokenFor([till.storeId]), at({}))).status).toBe(201);
    const foreign = await post(await tokenFor([randomUUID()]), at({}));
    expect([foreign.status, problemIn(foreign).code]).toEqual([403, 'STORE_NOT_ALLOWED']);
    const unknown = await post(await tokenFor([till.storeId]), at({ tillId: randomUUID() }));
    expect([unknown.status, problemIn(unknown).code]).toEqual([404, 'TILL_UNKNOWN']);
  });
});

describe('Lists', () => {
  it('[O4] take only cursors that they gave, to the same caller', async () => {
    edge.owners.answer('listStores', ({ page }: { page?: { cursor: string } }) => ({
      stores: [],
      nextCursor: page?.cursor === 'WyJBIl0' ? '' : 'WyJBIl0',
    }));
    const emma = `Bearer ${await edge.issuer.token({ sub: 'emma', roles: ['auditor'] })}`;
    const liu = `Bearer ${await edge.issuer.token({ sub: 'liu', roles: ['auditor'] })}`;
    const page = async (bearer: string, cursor: string) =>
      request(edge.app.getHttpServer())
        .get(`/v1/stores?cursor=${encodeURIComponent(cursor)}`)
        .set('authorization', bearer);
    const { nextCursor } = (await stores(emma)).body as { nextCursor: string };
    const second = await page(emma, nextCursor);
    expect([second.status, second.body]).toEqual([200, { stores: [] }]);
    for (const [bearer, cursor] of [
      [liu, nextCursor],
      [emma, 'WyJBIl0'],
      [emma, `${nextCursor}x`],
    ] as const) {
      const refused = await page(bearer, cursor);
      expect([refused.status, problemIn(refused).errors[0]?.pointer]).toEqual([400, '/query/cursor']);
    }
  });
});

describe('The routes', () => {
  it('[O4] tell which methods they have to who uses another', async () => {
    const answer = await request(edge.app.getHttpServer()).delete('/v1/stores');
    expect([answer.status, problemIn(answer).code, answer.headers.allow]).toEqual([
      405,
      'METHOD_NOT_ALLOWED',
      'GET, POST',
    ]);
    expect((await request(edge.app.getHttpServer()).delete('/v1/secrets')).status).toBe(404);
  });

  it('[O4] all have a row in the permission table, and every row a route', async () => {
    const { paths } = (await request(edge.app.getHttpServer()).get('/openapi.json')).body as {
      paths: Record<string, Record<string, unknown>>;
    };
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    const rows = Object.keys(permissions).filter((route) => route.includes(' /v1/'));
    expect(documented.sort()).toEqual(rows.sort());
  });

  it('[O4] answer nobody without a credential that is good now, but for the reference', async () => {
    const till = await announceTill(edge, 2);
    const [revoked = '', live = ''] = till.keys;
    await announceKeys(edge.topics, till, [live], 2);
    await eventually(async () => (await post(revoked)).status === 401);
    const administrator = { sub: 'a', roles: ['administrator'] };
    const bearers = [
      undefined,
      revoked,
      await edge.issuer.token(administrator, { expiresIn: '-1s' }),
      await edge.issuer.token({ ...administrator, aud: 'shop' }),
    ];
    for (const [route, permission] of Object.entries(permissions)) {
      const [method = 'GET', path = ''] = route.split(' ');
      const url = path
        .replace(/:version:/, '1:')
        .replace(/:code:/, 'CODE:')
        .replace(/:\w+Id/g, randomUUID());
      for (const bearer of bearers) {
        const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
        const { statusCode } = await edge.app.inject({ method: method as 'GET', url, headers });
        // A public write without a body is let in as far as the check of its body.
        const letIn = method === 'GET' ? 200 : 400;
        expect([route, statusCode]).toEqual([route, permission.public ? letIn : 401]);
      }
    }
  });
});
