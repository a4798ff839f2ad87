import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type ConfirmRedemptionRequest,
  type Redemption,
  RedemptionState,
  type ReserveRedemptionRequest,
} from '@regulars/contracts/loyalty/v1/redemptions';
import { type CreateRewardRequest, RewardKind } from '@regulars/contracts/loyalty/v1/rewards';
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

const [redemptionId, memberId, programmeId, rewardId] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];

const reserved = (change: Partial<Redemption> = {}): Redemption => ({
  redemptionId,
  memberId,
  programmeId,
  state: RedemptionState.RESERVED,
  rewardId,
  quantity: 1,
  points: 100,
  valueMinor: 3_800,
  storeId: till.storeId,
  tillId: till.tillId,
  reservedAt: new Date('2026-05-10T04:00:00Z'),
  reservedUntil: new Date('2026-05-10T04:15:00Z'),
  endedAt: undefined,
  fulfilledAt: undefined,
  receipt: undefined,
  pointsReturned: 0,
  ...change,
});

function post(path: string, body: object, bearer = till.key, key: string = randomUUID()) {
  const posting = request(edge.app.getHttpServer()).post(path).set('authorization', `Bearer ${bearer}`);
  return posting.set('idempotency-key', key).send(body);
}

describe('Redeeming at a till', () => {
  it('[L8] reserves at the till that calls, for the member it means, for 15 minutes unless told', async () => {
    const asked: ReserveRedemptionRequest[] = [];
    edge.owners.answer('reserveRedemption', (each: ReserveRedemptionRequest) => {
      asked.push(each);
      return { redemption: reserved(), balance: 28, replayed: asked.length > 1 };
    });
    const body = { member: { number: '8600001234' }, rewardId };
    const first = await post('/v1/redemptions', body, till.key, 'k-1').expect(201);
    expect(first.body).toMatchObject({ redemptionId, state: 'reserved', points: 100, balance: 28 });
    expect(asked[0]).toMatchObject({
      idempotencyKey: 'k-1',
      member: { by: { $case: 'number', value: '8600001234' } },
      storeId: till.storeId,
      tillId: till.tillId,
      rewardId,
      quantity: 1,
      holdSeconds: 900,
    });
    const again = await post('/v1/redemptions', body, till.key, 'k-1').expect(200);
    expect(again.headers['idempotency-replayed']).toBe('true');
    await post('/v1/redemptions', { ...body, storeId: randomUUID() }).expect(403);
    await post('/v1/redemptions', { ...body, quantity: 0 }).expect(400);
    await post('/v1/redemptions', { rewardId }).expect(400);
  });

  it('[L8] confirms for a receipt of the till, and tells what is allowed when it is too late', async () => {
    const asked: ConfirmRedemptionRequest[] = [];
    edge.owners.answer('confirmRedemption', (each: ConfirmRedemptionRequest) => {
      asked.push(each);
      return { redemption: reserved({ state: RedemptionState.CONFIRMED }), replayed: false };
    });
    const receipt = { businessDate: '2026-05-10', receiptNumber: 'R-1' };
    const path = `/v1/redemptions/${redemptionId}:confirm`;
    const confirmed = await post(path, { receipt }).expect(201);
    expect(confirmed.body).toMatchObject({ state: 'confirmed' });
    expect(asked[0]).toMatchObject({
      redemptionId,
      receipt: { ...receipt, storeId: till.storeId, tillId: till.tillId },
    });
    await post(path, {}).expect(201);
    expect(asked[1]?.receipt).toBeUndefined();
    edge.owners.answer('confirmRedemption', () => {
      throw refusal('FAILED_PRECONDITION', 'NOT_RESERVED', { allowed: ['reserve again'] });
    });
    const late = await post(path, {}).expect(409);
    expect(late.body).toMatchObject({ code: 'NOT_RESERVED', allowed: ['reserve again'], retryable: false });
  });

  it('[L8][O4] lets marketing offer a reward, and a till not', async () => {
    const offer = {
      programmeId,
      code: 'TEA',
      nameZh: '茉莉花茶',
      nameEn: 'Jasmine tea',
      kind: 'dish',
      points: 60,
      stock: 5,
      validFrom: '2026-01-01',
    };
    edge.owners.answer('createReward', ({ terms, stock }: CreateRewardRequest) => {
      expect(terms?.kind).toBe(RewardKind.DISH);
      return { reward: { rewardId, terms, stock }, replayed: false };
    });
    const made = await post('/v1/rewards', offer, marketing).expect(201);
    expect(made.body).toMatchObject({ rewardId, kind: 'dish', stock: 5, perMember: 0, tiers: [] });
    await post('/v1/rewards', offer).expect(403);
  });
});
