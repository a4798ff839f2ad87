import { describe, expect, it } from '@jest/globals';
import { allowedIn, cancelling, confirming, fulfilling } from './redemption.js';

const receipt = { storeId: 's', tillId: 't', businessDate: '2026-05-10', receiptNumber: 'R1' };

describe('A redemption', () => {
  it('[L8] is confirmed once, and again only for the same receipt', () => {
    expect(confirming({ state: 'reserved', receipt: null }, receipt)).toBe('do');
    expect(confirming({ state: 'confirmed', receipt }, { ...receipt })).toBe('done-before');
    expect(confirming({ state: 'confirmed', receipt: null }, null)).toBe('done-before');
    expect(confirming({ state: 'confirmed', receipt }, { ...receipt, receiptNumber: 'R2' })).toBe('refused');
    expect(confirming({ state: 'confirmed', receipt }, null)).toBe('refused');
    expect(confirming({ state: 'released', receipt: null }, receipt)).toBe('refused');
    expect(confirming({ state: 'cancelled', receipt: null }, receipt)).toBe('refused');
  });

  it('[L8] is cancelled while reserved; what came back by itself counts as cancelled', () => {
    expect(cancelling({ state: 'reserved' })).toBe('do');
    expect(cancelling({ state: 'cancelled' })).toBe('done-before');
    expect(cancelling({ state: 'released' })).toBe('done-before');
    expect(cancelling({ state: 'confirmed' })).toBe('refused');
    expect(cancelling({ state: 'returned' })).toBe('refused');
  });

  it('[L8] is handed over once it is confirmed', () => {
    expect(fulfilling({ state: 'reserved', fulfilledAt: null })).toBe('refused');
    expect(fulfilling({ state: 'confirmed', fulfilledAt: null })).toBe('do');
    expect(fulfilling({ state: 'confirmed', fulfilledAt: new Date(0) })).toBe('done-before');
  });

  it('[L8] tells in every state what is allowed instead', () => {
    for (const state of ['reserved', 'confirmed', 'cancelled', 'released', 'returned'] as const) {
      expect(allowedIn(state).length).toBeGreaterThan(0);
    }
  });
});
