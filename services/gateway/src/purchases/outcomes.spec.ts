import { describe, expect, it } from '@jest/globals';
import {
  HoldReason,
  PendingReason,
  PurchaseRefusal,
  UnprocessedReason,
} from '@regulars/contracts/loyalty/v1/purchases';
import { answerTo, credited, kept } from './outcomes.js';

const value = {
  purchaseId: '0199c0de-0000-7000-8000-000000000001',
  memberId: '0199c0de-0000-7000-8000-000000000002',
  pointsEarned: 0,
  balance: 5,
  tier: { tier: 'diamond', nextTier: '', missingMinor: 0, spentMinor: 1 },
  receiptText: { zhCn: '积分', en: 'Points' },
  entryId: '',
  couponCodes: [],
};

describe('What became of a purchase', () => {
  it('[L1] is 201 when it was credited and 200 when it had been before, with the same body', () => {
    const first = answerTo({ outcome: { $case: 'credited', value }, replayed: false });
    const again = answerTo({ outcome: { $case: 'credited', value }, replayed: true });
    expect(first).toMatchObject({ status: 201, replayed: false });
    expect(again).toEqual({ ...first, status: 200, replayed: true });
    const body = JSON.parse(JSON.stringify((first as { body: object }).body)) as object;
    expect(credited.strict().safeParse(body).error).toBeUndefined();
    expect(body).not.toHaveProperty('entryId');
    expect(body).not.toHaveProperty('tier.nextTier');
  });

  it('[L2] is 202 when it is kept for later, and says why', () => {
    const pending = { purchaseId: value.purchaseId, reason: PendingReason.ANONYMOUS, receiptText: undefined };
    const held = { ...pending, reason: HoldReason.BUSINESS_DATE_MAY_BE_RESTAMPED };
    const answers = [
      answerTo({ outcome: { $case: 'pending', value: pending }, replayed: false }),
      answerTo({ outcome: { $case: 'held', value: held }, replayed: false }),
    ] as { status: number; body: object }[];
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    for (const { body } of answers)
      expect(kept.strict().safeParse(JSON.parse(JSON.stringify(body))).error).toBeUndefined();
    expect(answers[1]?.body).toMatchObject({ outcome: 'held', reason: 'business-date-may-be-restamped' });
  });

  it.each([
    [PurchaseRefusal.RECEIPT_CONFLICT, 409, '/receiptNumber'],
    [PurchaseRefusal.IDEMPOTENCY_KEY_REUSED, 422, '/headers/idempotency-key'],
    [PurchaseRefusal.BUSINESS_DATE_IN_FUTURE, 409, '/businessDate'],
    [PurchaseRefusal.BUSINESS_DATE_TOO_OLD, 409, '/businessDate'],
    [PurchaseRefusal.UNKNOWN_STORE, 503, undefined],
    [PurchaseRefusal.UNKNOWN_TILL, 503, undefined],
    [PurchaseRefusal.STORE_NOT_ALLOWED, 403, '/storeId'],
    [PurchaseRefusal.NO_PROGRAMME, 409, '/businessDate'],
    [PurchaseRefusal.CURRENCY_NOT_OF_PROGRAMME, 409, '/currency'],
    [PurchaseRefusal.MEMBER_GONE, 409, '/member'],
    [PurchaseRefusal.MALFORMED, 400, undefined],
    [PurchaseRefusal.NOT_AUTHENTICATED, 500, undefined],
  ])('[L1] is a problem for refusal %i: %i at %s', (reason, status, pointer) => {
    const answer = answerTo({ outcome: { $case: 'refused', value: { reason, purchaseId: '' } }, replayed: false });
    expect(answer).toMatchObject({ problem: { status, ...(pointer && { errors: [{ pointer }] }) } });
  });

  it.each([
    [UnprocessedReason.DEADLINE_PASSED, 503],
    [UnprocessedReason.DATABASE_UNAVAILABLE, 503],
    [UnprocessedReason.OUTCOME_UNKNOWN, 503],
    [UnprocessedReason.OVERLOADED, 429],
    [UnprocessedReason.DEFECT, 500],
  ])('[L1] may be repeated when it was not processed for reason %i: %i', (reason, status) => {
    const answer = answerTo({ outcome: { $case: 'unprocessed', value: { reason } }, replayed: false });
    expect(answer).toMatchObject({ problem: { status, ...(status !== 500 && { retryAfterS: 1 }) } });
  });

  it('[L1] is our defect when loyalty tells nothing', () => {
    expect(answerTo({ outcome: undefined, replayed: false })).toMatchObject({ problem: { status: 500 } });
  });
});
