import type { Purchase, Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import { z } from 'zod';
import { currency, date, id, memberNumber, minor, mobile, moment, slug, text, told } from '../edge/fields.js';

const FARTHEST_OFFSET_MINUTES = 840;

export const line = z.strictObject({
  sku: text(64).meta({ examples: ['NOODLE-BEEF'] }),
  name: text(200).meta({ examples: ['招牌牛肉面'] }),
  category: text(64).meta({ examples: ['noodles'] }),
  quantityMilli: z
    .int()
    .min(1)
    .meta({ examples: [2000], description: 'Thousandths of a unit: 1500 is one and a half' }),
  amountMinor: minor.meta({ examples: [11600] }),
});

export const payment = z.strictObject({
  type: slug(32).meta({ examples: ['wechat-pay'] }),
  amountMinor: z
    .int()
    .min(1)
    .meta({ examples: [12800] }),
});

/** Who bought: exactly one of the fields. */
export const memberReference = z
  .strictObject({
    number: memberNumber.optional(),
    codeToken: text(128).optional().meta({ description: 'As scanned from the member’s code' }),
    mobile: mobile.optional(),
    memberId: id.optional(),
  })
  .refine((reference) => told(reference) === 1, {
    error: 'Expected exactly one of number, codeToken, mobile and memberId',
  })
  .meta({ minProperties: 1, maxProperties: 1, description: 'One of the fields' });
export type MemberReferenceBody = z.output<typeof memberReference>;

export const rungAt = moment.refine((told) => Math.abs(offsetMinutes(told)) <= FARTHEST_OFFSET_MINUTES, {
  error: 'Expected an offset within 14 hours of UTC',
});

export const businessDate = date.meta({
  description: 'The till’s business day; the same on every retry',
  examples: ['2026-11-02'],
});
export const receiptNumber = text(64).meta({
  description: 'As printed; unique for till and business date',
  examples: ['S-20261102-0042'],
});

/** A purchase as a till posts it. */
export const examplePurchase = {
  businessDate: '2026-11-02',
  receiptNumber: 'S-20261102-0042',
  rungAt: '2026-11-02T19:45:00+08:00',
  member: { number: '8600001234' },
  currency: 'CNY',
  totalMinor: 12_800,
  lines: [
    { sku: 'NOODLE-BEEF', name: '招牌牛肉面', category: 'noodles', quantityMilli: 2_000, amountMinor: 11_600 },
    { sku: 'TEA-JASMINE', name: '茉莉花茶', category: 'drinks', quantityMilli: 1_000, amountMinor: 1_200 },
  ],
  payments: [{ type: 'wechat-pay', amountMinor: 12_800 }],
  channel: 'dine-in',
  partySize: 2,
};

/** The body of a purchase (requirement L1). Amounts add up, or it is refused with what does not. */
export const purchaseBody = z
  .strictObject({
    storeId: id.optional().meta({ description: 'The till’s own store when a till calls' }),
    tillId: id.optional().meta({ description: 'The till itself when a till calls' }),
    businessDate,
    receiptNumber,
    rungAt,
    member: memberReference.optional().meta({ description: 'Absent for an anonymous purchase' }),
    currency,
    totalMinor: minor,
    lines: z.array(line).min(1).max(500),
    payments: z.array(payment).max(20).meta({ description: 'Adds up to the total; empty when that is 0' }),
    channel: slug(32).meta({ examples: ['dine-in'] }),
    partySize: z
      .int()
      .min(1)
      .max(1_000)
      .optional()
      .meta({ examples: [2] }),
  })
  .refine(({ lines, totalMinor }) => sum(lines) === totalMinor, {
    path: ['totalMinor'],
    when: ({ value }) => isSummable(value, 'lines'),
    error: ({ input }) => `The lines add up to ${sum((input as Summable).lines)}`,
  })
  .refine(({ payments, totalMinor }) => sum(payments) === totalMinor, {
    path: ['payments'],
    when: ({ value }) => isSummable(value, 'payments'),
    error: ({ input }) => `The payments add up to ${sum((input as Summable).payments)}`,
  })
  .meta({ id: 'Purchase', examples: [examplePurchase] });
export type PurchaseBody = z.output<typeof purchaseBody>;

interface Summable {
  totalMinor: number;
  lines: readonly { amountMinor: number }[];
  payments: readonly { amountMinor: number }[];
}

/** Whether the parts can be added up although something else in the body may be wrong. */
function isSummable(value: unknown, parts: 'lines' | 'payments'): boolean {
  const body = value as Partial<Summable> | undefined;
  const list = body?.[parts];
  return (
    isAmount(body?.totalMinor) &&
    Array.isArray(list) &&
    list.every((each: { amountMinor?: unknown } | null) => isAmount(each?.amountMinor))
  );
}

function isAmount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Sums of safe amounts above zero never fall back into the safe range once they left it, so a float cannot lie here. */
function sum(parts: readonly { amountMinor: number }[]): number {
  let total = 0;
  for (const { amountMinor } of parts) total += amountMinor;
  return total;
}

/** Minutes that a moment's clock is ahead of UTC. */
export function offsetMinutes(told: string): number {
  const [, sign, hours, minutes] = /([+-])(\d{2}):(\d{2})$/.exec(told) ?? [];
  const ahead = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  return sign === '-' ? -ahead : ahead;
}

/** Where a purchase was rung up. */
export interface Counter {
  readonly storeId: string;
  readonly tillId: string;
}

/** The receipt that a body names at a counter. */
export function receiptOf(body: { businessDate: string; receiptNumber: string }, counter: Counter): Receipt {
  return { ...counter, businessDate: body.businessDate, receiptNumber: body.receiptNumber };
}

/** The purchase as loyalty takes it. */
export function purchaseOf(body: PurchaseBody, counter: Counter, by: NonNullable<Purchase['member']>['by']): Purchase {
  return {
    receipt: receiptOf(body, counter),
    rungAt: new Date(body.rungAt),
    rungAtOffsetMinutes: offsetMinutes(body.rungAt),
    member: by && { by },
    currency: body.currency,
    totalMinor: body.totalMinor,
    lines: body.lines,
    payments: body.payments,
    channel: body.channel,
    partySize: body.partySize ?? 0,
  };
}
