import { Temporal } from 'temporal-polyfill';
import type { StoreSeed } from './seed.js';

/** A purchase as a till of the store posts it now: two bowls of noodles and a tea, 128 yuan. */
export function samplePurchase<Member extends object>(
  till: { storeId: string; tillId: string },
  store: StoreSeed,
  member: Member,
  receiptNumber: string,
) {
  const now = Temporal.Now.zonedDateTimeISO(store.timeZone);
  return {
    storeId: till.storeId,
    tillId: till.tillId,
    businessDate: now.subtract({ minutes: store.dayCutoverMinutes }).toPlainDate().toString(),
    receiptNumber,
    rungAt: now.toString({ timeZoneName: 'never', smallestUnit: 'second' }),
    member,
    currency: 'CNY',
    totalMinor: 12_800,
    lines: [
      { sku: 'NOODLE-BEEF', name: '招牌牛肉面', category: 'noodles', quantityMilli: 2_000, amountMinor: 11_600 },
      { sku: 'TEA-JASMINE', name: '茉莉花茶', category: 'drinks', quantityMilli: 1_000, amountMinor: 1_200 },
    ],
    payments: [{ type: 'wechat-pay' as const, amountMinor: 12_800 }],
    channel: 'dine-in' as const,
    partySize: 2,
  };
}
