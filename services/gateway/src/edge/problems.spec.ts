import { describe, expect, it } from '@jest/globals';
import { problem, problemDocument, problemOf } from './problems.js';

const said = (code: string) => ({ code, faults: [], retryAfterS: 0, allowed: [] });

describe('The problem that an owner’s failure is', () => {
  it.each([
    [3, 'TERMS_MALFORMED', 400],
    [5, 'MEMBER_UNKNOWN', 404],
    [6, 'MOBILE_TAKEN', 409],
    [6, 'IDEMPOTENCY_KEY_REUSED', 422],
    [7, 'STORE_NOT_ALLOWED', 403],
    [8, 'OVERLOADED', 429],
    [9, 'TOO_MANY_LIVE_KEYS', 409],
    [14, 'DEPENDENCY_UNAVAILABLE', 503],
  ])('gRPC status %i with %s is HTTP %i', (status, code, http) => {
    expect(problemOf({ status, problem: said(code) })).toMatchObject({ status: http, code });
  });

  it('is retryable after a second when a dependency is out or slow', () => {
    for (const status of [1, 4, 8, 14]) {
      const why = problemOf({ status, problem: undefined });
      expect(why.retryAfterS).toBe(1);
      expect(problemDocument(why, 'trace').retryable).toBe(true);
    }
  });

  it('is a defect without detail for everything that no table names', () => {
    for (const status of [2, 10, 11, 12, 13, 15, 16]) {
      expect(problemOf({ status, problem: said('SECRET_DETAIL') })).toEqual({ status: 500, code: 'INTERNAL' });
    }
  });

  it('hands on faults and what is allowed', () => {
    const faults = [{ pointer: '/terms', message: 'too few' }];
    const why = problemOf({ status: 9, problem: { code: 'NOT_A_DRAFT', faults, retryAfterS: 0, allowed: ['read'] } });
    expect(why).toMatchObject({ errors: faults, allowed: ['read'] });
  });
});

describe('A problem document', () => {
  it('has type, title, status, code, trace and whether trying again helps', () => {
    expect(problemDocument(problem('RECEIPT_CONFLICT', { purchaseId: 'p' }), '0af7')).toEqual({
      type: 'urn:regulars:problem:receipt-conflict',
      title: 'The receipt is already posted with another body',
      status: 409,
      code: 'RECEIPT_CONFLICT',
      traceId: '0af7',
      retryable: false,
      purchaseId: 'p',
    });
  });

  it('has a title for a code that only its owner knows', () => {
    expect(problemDocument({ status: 409, code: 'STOCK_IS_GONE' }, 't').title).toBe('Stock is gone');
  });
});
