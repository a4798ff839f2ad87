import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PostPurchasesRequest } from '@regulars/contracts/loyalty/v1/purchases';
import request from 'supertest';
import { announceTill, type Edge, pointersIn, problemIn, purchaseBody, startEdge, type TestTill } from './edge.js';
import { creditAll } from './owners.js';

let edge: Edge;
let till: TestTill;
let forwarded = 0;

beforeAll(async () => {
  edge = await startEdge();
  till = await announceTill(edge);
  edge.owners.answer('postPurchases', (load: PostPurchasesRequest) => {
    forwarded += load.items.length;
    return creditAll(load);
  });
});

afterAll(() => edge.stop());

interface Sent {
  body: string;
  type?: string;
  key?: string;
  path?: string;
}

function send({ body, type = 'application/json', key, path = '/v1/purchases' }: Sent) {
  const sending = request(edge.app.getHttpServer()).post(path).set('authorization', `Bearer ${till.key}`);
  if (key !== undefined) void sending.set('idempotency-key', key);
  return sending.set('content-type', type).send(body);
}

const line = purchaseBody().lines[0];
const bad: readonly [what: string, over: Record<string, unknown>, pointers: string[]][] = [
  ['an unknown field', { tip: 1 }, ['/tip']],
  ['an unknown field in a line', { lines: [{ ...line, amountMinor: 12_800, vat: 1 }] }, ['/lines/0/vat']],
  ['a wrong type', { receiptNumber: 42 }, ['/receiptNumber']],
  ['a missing field', { currency: undefined }, ['/currency']],
  ['an unknown currency', { currency: 'QQQ' }, ['/currency']],
  ['a total that the lines do not make', { totalMinor: 12_801 }, ['/payments', '/totalMinor']],
  ['payments that do not make the total', { payments: [{ type: 'cash', amountMinor: 1 }] }, ['/payments']],
  ['a negative amount', { lines: [{ ...line, amountMinor: -1 }] }, ['/lines/0/amountMinor']],
  ['an unsafe amount', { totalMinor: 2 ** 53 }, ['/totalMinor']],
  ['a fraction of a fen', { totalMinor: 0.5 }, ['/totalMinor']],
  ['no lines', { lines: [], totalMinor: 0, payments: [] }, ['/lines']],
  ['a day that there is not', { businessDate: '2026-02-30' }, ['/businessDate']],
  ['a moment without an offset', { rungAt: '2026-11-02T19:45:00' }, ['/rungAt']],
  ['two ways to name the member', { member: { number: '1', mobile: '+8613800138000' } }, ['/member']],
  ['a mobile without a country', { member: { mobile: '13800138000' } }, ['/member/mobile']],
  [
    'several faults',
    { currency: 'QQQ', channel: 'Dine In', tip: 1, partySize: 0 },
    ['/channel', '/currency', '/partySize', '/tip'],
  ],
];

describe('A malformed purchase', () => {
  it.each(bad)('[L1] with %s is a problem with every fault and its pointer', async (_, over, pointers) => {
    const answer = await send({ body: JSON.stringify({ ...purchaseBody(), ...over }), key: 'k' });
    expect(answer.status).toBe(400);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.body).toMatchObject({ code: 'MALFORMED', status: 400, retryable: false });
    expect(pointersIn(answer).sort()).toEqual(pointers);
  });

  it('[L1] tells a missing key together with the faults of the body', async () => {
    const answer = await send({ body: JSON.stringify({ ...purchaseBody(), tip: 1 }) });
    expect(pointersIn(answer)).toEqual(['/tip', '/headers/idempotency-key']);
    const alone = await send({ body: JSON.stringify(purchaseBody()) });
    expect([alone.status, problemIn(alone).errors]).toMatchObject([400, [{ pointer: '/headers/idempotency-key' }]]);
  });

  it.each([
    ['half a JSON', { body: '{"businessDate":' }, 400, 'MALFORMED_JSON'],
    ['nothing', { body: '' }, 400, 'MALFORMED_JSON'],
    ['a prototype in disguise', { body: '{"__proto__":{"isAdmin":true}}' }, 400, 'MALFORMED_JSON'],
    ['an array', { body: '[]' }, 400, 'MALFORMED'],
    ['a number', { body: '7' }, 400, 'MALFORMED'],
    ['deep nesting', { body: '['.repeat(50_000) + ']'.repeat(50_000) }, 400, 'MALFORMED'],
    ['more than 256 KiB', { body: JSON.stringify({ a: 'x'.repeat(256 * 1024) }) }, 413, 'BODY_TOO_LARGE'],
    [
      'another content type',
      { body: 'a=1', type: 'application/x-www-form-urlencoded' },
      415,
      'MEDIA_TYPE_NOT_SUPPORTED',
    ],
    ['plain text', { body: '{}', type: 'text/plain' }, 415, 'MEDIA_TYPE_NOT_SUPPORTED'],
    ['a batch at the wrong door', { body: '{}\n', type: 'application/x-ndjson' }, 415, 'MEDIA_TYPE_NOT_SUPPORTED'],
    [
      'one purchase at the door of batches',
      { body: '{}', path: '/v1/purchases:batch' },
      415,
      'MEDIA_TYPE_NOT_SUPPORTED',
    ],
  ] as [string, Sent, number, string][])('[L1] of %s is a problem too', async (_, sent, status, code) => {
    const answer = await send({ key: 'k', ...sent });
    expect([answer.status, problemIn(answer).code]).toEqual([status, code]);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  });

  it('[L1] at a store or till that is not the caller’s is refused with each pointer', async () => {
    const foreign = { storeId: '0199c0de-0000-7000-8000-0000000000f1', tillId: '0199c0de-0000-7000-8000-0000000000f2' };
    const answer = await send({ body: JSON.stringify({ ...purchaseBody(), ...foreign }), key: 'k' });
    expect(answer.status).toBe(403);
    expect(pointersIn(answer)).toEqual(['/storeId', '/tillId']);
  });

  it('reaches no owner, and the gateway goes on', async () => {
    expect(forwarded).toBe(0);
    expect((await send({ body: JSON.stringify(purchaseBody()), key: 'k' })).status).toBe(201);
  });
});

describe('Any other nonsense', () => {
  it.each([
    ['/v1/nowhere', 404, 'ROUTE_UNKNOWN'],
    ['/v1/%zz', 404, 'ROUTE_UNKNOWN'],
    [`/v1/members/${'9'.repeat(300)}`, 404, 'ROUTE_UNKNOWN'],
    ['/v1/members/not-an-id', 400, 'MALFORMED'],
    ['/v1/members?number=1&token=2', 400, 'MALFORMED'],
    ['/v1/members/0199c0de-0000-7000-8000-0000000000f1/points/entries?limit=201&x=1', 400, 'MALFORMED'],
  ])('at %s is a problem: %i', async (path, status, code) => {
    const answer = await request(edge.app.getHttpServer()).get(path).set('authorization', `Bearer ${till.key}`);
    expect([answer.status, problemIn(answer).code]).toEqual([status, code]);
    expect(answer.headers['content-type']).toContain('application/problem+json');
  });

  it('that is not HTTP is answered in the same form', async () => {
    const { port } = edge.app.getHttpServer().address() as { port: number };
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('NONSENSE\r\n\r\n'));
      let text = '';
      socket.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      socket.on('close', () => resolve(text)).on('error', reject);
    });
    expect(answer).toContain('400 Bad Request');
    expect(answer).toContain('application/problem+json');
  });
});
