import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  PendingReason,
  type PostPurchaseItem,
  type PostPurchaseResult,
  type PostPurchasesRequest,
  PurchaseRefusal,
  type RefundPurchasesRequest,
  UnprocessedReason,
  Urgency,
} from '@regulars/contracts/loyalty/v1/purchases';
import { PrincipalVerifier, refusal } from '@regulars/service';
import { eventually, principalKeys } from '@regulars/testing';
import request from 'supertest';
import { announceTill, type Edge, problemIn, purchaseBody, startEdge, type TestTill } from './edge.js';
import { creditAll, creditedResult } from './owners.js';

let edge: Edge;
let till: TestTill;

beforeAll(async () => {
  edge = await startEdge();
  till = await announceTill(edge);
});

afterAll(() => edge.stop());

function post(body: object, key = 'key-1', path = '/v1/purchases') {
  return request(edge.app.getHttpServer())
    .post(path)
    .set('authorization', `Bearer ${till.key}`)
    .set('idempotency-key', key)
    .send(body);
}

const byMobile = purchaseBody({ member: { mobile: '+8613800138000' } });

/** As a till does it: again while the look-up takes more than its 50 ms, as it may on a busy machine. */
function postByMobile() {
  return eventually(async () => {
    const answer = await post(byMobile);
    return answer.status !== 503 && answer;
  });
}

/** Answers with `result` and keeps the items that came. */
function answering(result: Partial<PostPurchaseResult>): PostPurchaseItem[] {
  const items: PostPurchaseItem[] = [];
  edge.owners.answer('postPurchases', (load: PostPurchasesRequest) => {
    items.push(...load.items);
    return { results: load.items.map(() => ({ replayed: false, outcome: undefined, ...result })) };
  });
  return items;
}

describe('A purchase on its way to loyalty', () => {
  it('[L1] is credited: points, balance, tier and a line to print', async () => {
    edge.owners.answer('postPurchases', creditAll);
    const answer = await post(purchaseBody());
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      outcome: 'credited',
      pointsEarned: 128,
      balance: 1280,
      tier: { tier: 'gold', missingMinor: 487_200 },
      receiptText: { zhCN: '本次积分 128，余额 1280', en: 'Points earned 128, balance 1280' },
    });
    expect(answer.headers).not.toHaveProperty('idempotency-replayed');
    expect(answer.headers['x-trace-id']).toMatch(/^[0-9a-f]{32}$/);
  });

  it('[L1] says so when it repeats the first answer', async () => {
    answering({ ...creditedResult, replayed: true });
    const answer = await post(purchaseBody());
    expect(answer.status).toBe(200);
    expect(answer.headers['idempotency-replayed']).toBe('true');
  });

  it('[L2] is kept and answered 202 while its member is not known', async () => {
    const value = { purchaseId: 'p', reason: PendingReason.MEMBER_NOT_KNOWN_YET, receiptText: undefined };
    answering({ outcome: { $case: 'pending', value } });
    const answer = await post(purchaseBody());
    expect(answer.status).toBe(202);
    expect(answer.body).toEqual({ outcome: 'pending', purchaseId: 'p', reason: 'member-not-known-yet' });
  });

  it('[O4] carries a principal that the gateway signed for the till, its deadline and its key', async () => {
    const items = answering(creditedResult);
    const before = Date.now();
    await post(purchaseBody(), 'key-42');
    const [item] = items;
    const principal = await new PrincipalVerifier(principalKeys).verify(item?.context?.principal ?? '');
    expect(principal).toEqual({ sub: till.tillId, kind: 'till', roles: [], stores: [till.storeId] });
    expect(item).toMatchObject({ idempotencyKey: 'key-42', urgency: Urgency.LIVE });
    const patienceMs = (item?.context?.deadline?.getTime() ?? 0) - before;
    expect(patienceMs).toBeGreaterThan(1_000);
    expect(patienceMs).toBeLessThan(10_000);
  });

  it('[L1] is of the till that posts it, when it names none', async () => {
    const items = answering(creditedResult);
    await post(purchaseBody());
    expect(items[0]?.purchase?.receipt).toMatchObject({ storeId: till.storeId, tillId: till.tillId });
  });

  it('[M6] carries a code token as its hash and never a mobile', async () => {
    const items = answering(creditedResult);
    const asked: string[][] = [];
    edge.owners.answer('resolveMobiles', ({ mobiles }: { mobiles: string[] }) => {
      asked.push(mobiles);
      return { memberIds: mobiles.map(() => '0199c0de-0000-7000-8000-00000000000a') };
    });
    await post(purchaseBody({ member: { codeToken: 'token-1' } }));
    await postByMobile();
    expect(items.map(({ purchase }) => purchase?.member?.by)).toEqual([
      { $case: 'codeTokenSha256', value: createHash('sha256').update('token-1').digest() },
      { $case: 'memberId', value: '0199c0de-0000-7000-8000-00000000000a' },
    ]);
    expect(new Set(asked.flat())).toEqual(new Set(['+8613800138000']));
    expect(JSON.stringify(items)).not.toContain('13800138000');
  });

  it('[L1] is anonymous without a member', async () => {
    const items = answering(creditedResult);
    await post(purchaseBody({ member: undefined }));
    expect(items[0]?.purchase?.member).toBeUndefined();
  });

  it('[L1] travels with what arrives while a call is under way', async () => {
    const sizes: number[] = [];
    edge.owners.answer('postPurchases', async (load: PostPurchasesRequest) => {
      sizes.push(load.items.length);
      await sleep(300);
      return creditAll(load);
    });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => post(purchaseBody(), `key-${index}`)));
    expect(answers.every(({ status }) => status === 201)).toBe(true);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(20);
    expect(sizes.length).toBeLessThan(10);
  });
});

describe('A purchase that is not credited', () => {
  it('[L1] is told to conflict with another body of the same receipt, and which purchase has it', async () => {
    answering({
      outcome: { $case: 'refused', value: { reason: PurchaseRefusal.RECEIPT_CONFLICT, purchaseId: 'p-1' } },
    });
    const answer = await post(purchaseBody());
    expect(answer.status).toBe(409);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ code: 'RECEIPT_CONFLICT', purchaseId: 'p-1', retryable: false });
  });

  it.each([
    ['its mobile is nobody’s', 404, 'MEMBER_UNKNOWN', () => ({ memberIds: [''] })],
    [
      'members is out',
      503,
      'MEMBER_LOOKUP_UNAVAILABLE',
      () => {
        throw refusal('UNAVAILABLE', 'DEPENDENCY_UNAVAILABLE');
      },
    ],
    ['members takes too long', 503, 'MEMBER_LOOKUP_UNAVAILABLE', () => sleep(400, { memberIds: [''] })],
  ])('[L1] says so when %s', async (_, status, code, answer) => {
    const items = answering(creditedResult);
    edge.owners.answer('resolveMobiles', answer);
    const refused = await (status === 503 ? post(byMobile) : postByMobile());
    expect([refused.status, problemIn(refused).code]).toEqual([status, code]);
    expect(refused.headers['retry-after']).toBe(status === 503 ? '1' : undefined);
    expect(items).toEqual([]);
  });

  it('[L1] may be repeated when loyalty could not process it', async () => {
    answering({ outcome: { $case: 'unprocessed', value: { reason: UnprocessedReason.OUTCOME_UNKNOWN } } });
    const answer = await post(purchaseBody());
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({ code: 'OUTCOME_UNKNOWN', retryable: true });
    expect(answer.headers['retry-after']).toBe('1');
  });

  it('[L1] is refused early when loyalty has too much', async () => {
    edge.owners.answer('postPurchases', () => {
      throw refusal('RESOURCE_EXHAUSTED', 'OVERLOADED', { retryAfterS: 3 });
    });
    const answer = await post(purchaseBody());
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '3']);
  });

  it('[O2] leaks nothing of a defect, and the gateway goes on', async () => {
    edge.owners.answer('postPurchases', () => {
      throw new Error('relation "secret" does not exist');
    });
    const answer = await post(purchaseBody());
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('secret');
    edge.owners.answer('postPurchases', creditAll);
    expect((await post(purchaseBody())).status).toBe(201);
  });
});

describe('A refund', () => {
  const refund = {
    businessDate: '2026-11-03',
    receiptNumber: 'R-1',
    rungAt: '2026-11-03T10:00:00+08:00',
    purchase: { businessDate: '2026-11-02', receiptNumber: 'S-0042' },
    lines: [{ line: 0, quantityMilli: 1_000, amountMinor: 5_800 }],
  };

  it('[L6] goes to loyalty with its own receipt and the one it is for', async () => {
    const seen: RefundPurchasesRequest[] = [];
    const value = {
      refundId: 'r',
      memberId: 'm',
      pointsTaken: 58,
      pointsOwed: 0,
      pointsReturned: 0,
      couponsReturned: 0,
      balance: 70,
      receiptText: { zhCn: '退回 58', en: 'Taken back 58' },
    };
    edge.owners.answer('refundPurchases', (load: RefundPurchasesRequest) => {
      seen.push(load);
      return { results: load.items.map(() => ({ replayed: false, outcome: { $case: 'takenBack', value } })) };
    });
    const answer = await post(refund, 'key-r', '/v1/refunds');
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ outcome: 'taken-back', pointsTaken: 58, receiptText: { en: 'Taken back 58' } });
    expect(seen[0]?.items[0]?.refund).toMatchObject({
      purchase: { tillId: till.tillId, receiptNumber: 'S-0042', businessDate: '2026-11-02' },
      refund: { tillId: till.tillId, receiptNumber: 'R-1' },
      lines: [{ line: 0, quantityMilli: 1_000, amountMinor: 5_800 }],
    });
  });

  it('[L6] is kept while its purchase has not arrived', async () => {
    const outcome = { $case: 'waiting', value: { refundId: 'r', receiptText: undefined } };
    edge.owners.answer('refundPurchases', () => ({ results: [{ replayed: false, outcome }] }));
    expect((await post(refund, 'key-r', '/v1/refunds')).status).toBe(202);
  });
});

describe('A claim', () => {
  const claim = {
    tillId: '0199c0de-0000-7000-8000-0000000000ff',
    businessDate: '2026-11-02',
    receiptNumber: 'S-0042',
    totalMinor: 12_800,
    memberId: '0199c0de-0000-7000-8000-00000000000a',
  };

  it('[L2] credits an anonymous receipt of another till of the store', async () => {
    edge.owners.answer('claimPurchase', () => ({ result: creditedResult }));
    const answer = await post(claim, 'key-c', '/v1/purchases/claims');
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ outcome: 'credited' });
  });

  it('[L2] is refused for a receipt of another store, and for one that nobody posted', async () => {
    const foreign = await post({ ...claim, storeId: claim.tillId }, 'key-c', '/v1/purchases/claims');
    expect([foreign.status, problemIn(foreign).code]).toEqual([403, 'STORE_NOT_ALLOWED']);
    edge.owners.answer('claimPurchase', () => {
      throw refusal('NOT_FOUND', 'NOT_FOUND');
    });
    expect((await post(claim, 'key-c', '/v1/purchases/claims')).status).toBe(404);
  });
});
