import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { faultsOf } from '../edge/faults.js';
import { offsetMinutes, purchaseBody, purchaseOf } from './purchase.js';

const good = {
  businessDate: '2026-11-02',
  receiptNumber: 'S-0042',
  rungAt: '2026-11-02T23:45:00+08:00',
  member: { number: '8600001234' },
  currency: 'CNY',
  totalMinor: 300,
  lines: [
    { sku: 'A', name: '茶', category: 'drinks', quantityMilli: 1_000, amountMinor: 100 },
    { sku: 'B', name: '面', category: 'noodles', quantityMilli: 500, amountMinor: 200 },
  ],
  payments: [{ type: 'cash', amountMinor: 300 }],
  channel: 'dine-in',
};

function faults(over: Readonly<Record<string, unknown>>): Record<string, string> {
  const parsed = purchaseBody.safeParse({ ...good, ...over });
  const list = faultsOf(parsed.error?.issues ?? [], 'body');
  return Object.fromEntries(list.map(({ pointer, message }) => [pointer, message]));
}

describe('The body of a purchase', () => {
  it('[L1] is taken as a till sends it', () => {
    expect(faults({})).toEqual({});
    expect(
      faults({ member: undefined, totalMinor: 0, lines: [{ ...good.lines[0], amountMinor: 0 }], payments: [] }),
    ).toEqual({});
  });

  it('[L1] says what lines and payments add up to when that is not the total', () => {
    expect(faults({ totalMinor: 301 })).toEqual({
      '/totalMinor': 'The lines add up to 300',
      '/payments': 'The payments add up to 300',
    });
    expect(faults({ payments: [] })).toEqual({ '/payments': 'The payments add up to 0' });
  });

  it('[L1] says so even when other fields are wrong too', () => {
    expect(Object.keys(faults({ totalMinor: 301, currency: 'XXQ', surprise: 1, channel: 'Dine In' })).sort()).toEqual([
      '/channel',
      '/currency',
      '/payments',
      '/surprise',
      '/totalMinor',
    ]);
  });

  it('[L1] has no negative, fractional or unsafe amounts', () => {
    for (const bad of [-1, 0.5, 2 ** 53, Number.POSITIVE_INFINITY, '100', null]) {
      expect(Object.keys(faults({ totalMinor: bad }))).toEqual(['/totalMinor']);
    }
    expect(faults({ lines: [{ ...good.lines[0], quantityMilli: 0 }, good.lines[1]] })).toHaveProperty([
      '/lines/0/quantityMilli',
    ]);
  });

  it('[L1] has a known currency and a moment with an offset', () => {
    expect(faults({ currency: 'QQQ' })).toHaveProperty(['/currency']);
    for (const bad of ['2026-11-02T23:45:00', '2026-11-02', '2026-11-02T25:00:00Z', '2026-11-02T23:45:00+15:00']) {
      expect(Object.keys(faults({ rungAt: bad }))).toEqual(['/rungAt']);
    }
    expect(faults({ businessDate: '2026-02-30' })).toHaveProperty(['/businessDate']);
  });

  it('[L1] names a member by exactly one of number, code token, mobile and id', () => {
    expect(faults({ member: {} })).toHaveProperty(['/member']);
    expect(faults({ member: { number: '1', mobile: '+8613800138000' } })).toHaveProperty(['/member']);
    expect(faults({ member: { mobile: '13800138000' } })).toHaveProperty(['/member/mobile']);
  });

  it('[L1] has no control characters in texts, which no database takes', () => {
    expect(faults({ receiptNumber: 'S-\u0000' })).toHaveProperty(['/receiptNumber']);
  });

  it('[L1] adds up for all amounts, or is refused', () => {
    const amounts = fc.array(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(amounts, fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (parts, total) => {
        const lines = parts.map((amountMinor) => ({ ...good.lines[0], amountMinor }));
        const exact = parts.reduce((sum, part) => sum + BigInt(part), 0n);
        for (const totalMinor of [total, Number(exact)]) {
          const told = faults({ lines, totalMinor, payments: [{ type: 'cash', amountMinor: totalMinor || 1 }] });
          const addsUp = exact === BigInt(totalMinor) && Number.isSafeInteger(totalMinor);
          expect('/totalMinor' in told).toBe(!addsUp);
        }
      }),
    );
  });
});

describe('A purchase for loyalty', () => {
  it('[L1] carries the moment and the clock’s offset as the till told them', () => {
    const purchase = purchaseOf(purchaseBody.parse(good), { storeId: 's', tillId: 't' }, undefined);
    expect(purchase.rungAt).toEqual(new Date('2026-11-02T15:45:00Z'));
    expect(purchase.rungAtOffsetMinutes).toBe(480);
    expect(purchase.receipt).toEqual({
      storeId: 's',
      tillId: 't',
      businessDate: '2026-11-02',
      receiptNumber: 'S-0042',
    });
  });

  it('knows offsets west of Greenwich and none', () => {
    expect(offsetMinutes('2026-11-02T10:00:00-03:30')).toBe(-210);
    expect(offsetMinutes('2026-11-02T10:00:00Z')).toBe(0);
  });
});
