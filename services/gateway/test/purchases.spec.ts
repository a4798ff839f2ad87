import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { announceTill, type Edge, purchaseBody, startEdge, type TestTill } from './edge.js';
import { creditAll } from './owners.js';

let edge: Edge;
let till: TestTill;

beforeAll(async () => {
  edge = await startEdge();
  edge.owners.answer('postPurchases', creditAll);
  till = await announceTill(edge);
}, 60_000);

afterAll(() => edge.stop());

function post(body: unknown, key = 'key-1') {
  return request(edge.app.getHttpServer())
    .post('/v1/purchases')
    .set('authorization', `Bearer ${till.key}`)
    .set('idempotency-key', key)
    .send(body as object);
}

describe('Posting a purchase', () => {
  it('[L1] answers points, balance, tier and a line to print', async () => {
    const answer = await post(purchaseBody());
    console.log(answer.status, answer.body, answer.headers);
    expect(answer.status).toBe(201);
  });
  it('[L1] tells', async () => {
    const answer = await post({ ...purchaseBody(), totalMinor: -1, zz: 1, lines: [{ sku: 4 }] }, '');
    console.log(answer.status, JSON.stringify(answer.body, null, 1), answer.headers);
    expect(answer.status).toBe(400);
  });
});
