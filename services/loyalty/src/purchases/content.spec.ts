import { describe, expect, it } from '@jest/globals';
import type { Purchase, Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import { aMember, aPurchase, aStore } from '../../test/chain.js';
import { contentOf, isWellFormed } from './content.js';

const purchase = aPurchase({ at: aStore(), by: aMember(), businessDate: '2026-03-14' });
const receipt = purchase.receipt as Receipt;
const content = (change: Partial<Purchase>, of: Partial<Receipt> = {}) =>
  contentOf({ ...purchase, ...change }, { ...receipt, ...of });
const hex = (bytes: Buffer) => bytes.toString('hex');

describe('Whether two postings are the same', () => {
  it('[L1] tells every change of what was bought apart', () => {
    const [line] = purchase.lines as [Purchase['lines'][0]];
    const changes: Partial<Purchase>[] = [
      {},
      { member: undefined },
      { member: { by: { $case: 'number', value: '1' } } },
      { currency: 'EUR' },
      { channel: 'takeaway' },
      { partySize: 3 },
      { payments: [{ type: 'cash', amountMinor: purchase.totalMinor }] },
      { lines: [{ ...line, sku: 'tea' }] },
      { lines: [{ ...line, quantityMilli: 2_000 }] },
      { lines: [{ ...line, category: 'drinks' }] },
    ];
    const prints = changes.map((change) => hex(content(change).fingerprint));
    expect(new Set(prints).size).toBe(changes.length);
  });

  it('[L1] sees the same purchase behind another date and time, but not the same body', () => {
    const restamped = content({ rungAt: new Date(0) }, { businessDate: '2026-03-15' });
    expect(hex(restamped.fingerprint)).toBe(hex(content({}).fingerprint));
    expect(hex(restamped.bodyFingerprint)).not.toBe(hex(content({}).bodyFingerprint));
  });
});

describe('Whether a purchase keeps its promises', () => {
  it('[L1] takes a whole one and refuses what does not add up', () => {
    const [line] = purchase.lines as [Purchase['lines'][0]];
    expect(isWellFormed(purchase)).toBe(true);
    const broken: Partial<Purchase>[] = [
      { totalMinor: purchase.totalMinor + 1 },
      { totalMinor: -1 },
      { totalMinor: 0.5 },
      { payments: [] },
      { lines: [] },
      { lines: [{ ...line, quantityMilli: 0 }] },
      { rungAt: undefined },
      { rungAtOffsetMinutes: 841 },
      { channel: 'a\0b' },
      { member: { by: { $case: 'memberId', value: 'nobody' } } },
      { member: { by: { $case: 'codeTokenSha256', value: Buffer.alloc(31) } } },
    ];
    expect(broken.map((change) => isWellFormed({ ...purchase, ...change }))).toEqual(broken.map(() => false));
  });
});
