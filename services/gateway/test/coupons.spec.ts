import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CouponRefusal,
  type DefineCouponRequest,
  type DrawCodesRequest,
  type ReserveCouponsRequest,
} from '@regulars/contracts/loyalty/v1/coupons';
import { refusal } from '@regulars/service';
import request from 'supertest';
import { announceTill, type Edge, startEdge, type TestTill } from './edge.js';

let edge: Edge;
let till: TestTill;
let marketing: string;

beforeAll(async () => {
  edge = await startEdge();
  till = await announceTill(edge);
  marketing = await edge.issuer.token({ sub: 'marketing', roles: ['marketing'] });
});

afterAll(() => edge.stop());

const [useId, definitionId] = [randomUUID(), randomUUID()];
const lines = [{ sku: 'noodles', category: 'food', quantityMilli: 1_000, amountMinor: 5_000 }];

function post(path: string, body: object, bearer = till.key) {
  const posting = request(edge.app.getHttpServer()).post(path).set('authorization', `Bearer ${bearer}`);
  return posting.set('idempotency-key', randomUUID()).send(body);
}

describe('Coupons at a till', () => {
  it('[L9] are held for the bill of the till that calls', async () => {
    edge.owners.answer('reserveCoupons', ({ basket, codes, holdSeconds }: ReserveCouponsRequest) => {
      expect(basket).toMatchObject({ storeId: till.storeId, tillId: till.tillId, lines });
      expect([codes, holdSeconds]).toEqual([['7KQ2-M9XW'], 900]);
      const applied = [{ code: '7KQ2M9XW', definitionId, discountMinor: 1_000 }];
      const use = { useId, memberId: '', state: 'reserved', applied, discountMinor: 1_000, reservedUntil: new Date() };
      return { use, refused: [], replayed: false };
    });
    const held = await post('/v1/coupon-uses', { lines, codes: ['7KQ2-M9XW'] }).expect(201);
    expect(held.body).toMatchObject({ useId, state: 'reserved', discountMinor: 1_000 });
    expect(held.body).not.toHaveProperty('memberId');
  });

  it('[L9] that were used elsewhere are refused with where and when', async () => {
    const [storeId, tillId] = [randomUUID(), randomUUID()];
    const at = new Date('2026-05-10T04:00:00.000Z');
    edge.owners.answer('reserveCoupons', () => ({
      use: undefined,
      refused: [{ code: '7KQ2', reason: CouponRefusal.USED, storeId, tillId, at }],
      replayed: false,
    }));
    const refused = await post('/v1/coupon-uses', { lines, codes: ['7KQ2'] }).expect(409);
    expect(refused.body).toMatchObject({
      code: 'COUPONS_REFUSED',
      retryable: false,
      coupons: [{ code: '7KQ2', reason: 'used', storeId, tillId, at: at.toISOString() }],
    });
  });
});

describe('Codes of a batch', () => {
  const get = (path: string) => request(edge.app.getHttpServer()).get(path).set('authorization', `Bearer ${marketing}`);

  it('[L9] are streamed to the end, from where one likes', async () => {
    const all = Array.from({ length: 12_345 }, (_, index) => `CODE${index}`);
    edge.owners.answer('drawCodes', ({ after, limit }: DrawCodesRequest) => ({
      codes: all.slice(after, after + limit),
    }));
    const whole = await get(`/v1/coupon-batches/${randomUUID()}/codes`).buffer(true).expect(200);
    expect(whole.text).toBe(`${all.join('\n')}\n`);
    const rest = await get(`/v1/coupon-batches/${randomUUID()}/codes?after=12343`).buffer(true).expect(200);
    expect(rest.text).toBe('CODE12343\nCODE12344\n');
  });

  it('[L9] of no batch are not there', async () => {
    edge.owners.answer('drawCodes', () => {
      throw refusal('NOT_FOUND', 'BATCH_UNKNOWN');
    });
    const answer = await get(`/v1/coupon-batches/${randomUUID()}/codes`).expect(404);
    expect(answer.body).toMatchObject({ code: 'BATCH_UNKNOWN' });
  });
});

describe('A kind of coupon', () => {
  it('[L9] is defined by marketing; a percentage above 100 and an unknown kind are refused', async () => {
    const offer = { programmeId: randomUUID(), code: 'TEN', nameZh: '十', nameEn: 'Ten', validFrom: '2026-01-01' };
    edge.owners.answer('defineCoupon', ({ terms }: DefineCouponRequest) => ({
      definition: { definitionId, terms },
      replayed: false,
    }));
    const made = await post('/v1/coupon-definitions', { ...offer, kind: 'spend-save', valueMinor: 1_000 }, marketing);
    expect([made.status, made.body]).toEqual([201, expect.objectContaining({ kind: 'spend-save', perReceipt: 1 })]);
    const wrong = { ...offer, kind: 'gift', percent: 101 };
    const refused = await post('/v1/coupon-definitions', wrong, marketing).expect(400);
    const { errors } = refused.body as { errors: { pointer: string }[] };
    expect(errors.map(({ pointer }) => pointer)).toEqual(expect.arrayContaining(['/kind', '/percent']));
    await post('/v1/coupon-definitions', offer).expect(403);
  });
});
