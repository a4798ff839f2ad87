import { hash } from 'node:crypto';
import type { Receipt, Refund } from '@regulars/contracts/loyalty/v1/purchases';
import { receiptKey } from '../receipts/receipt.js';

/** A refund in the form in which it is compared. */
export interface RefundContent {
  /** SHA-256 of what is refunded and when: without the refund's own receipt. */
  readonly fingerprint: Buffer;
  /** SHA-256 of the whole body: what an idempotency key stands for. */
  readonly bodyFingerprint: Buffer;
}

export function refundContentOf(refund: Refund, own: Receipt, purchase: Receipt): RefundContent {
  const lines = refund.lines.map(({ line, quantityMilli, amountMinor }) => [line, quantityMilli, amountMinor]);
  const content = JSON.stringify([receiptKey(purchase), refund.rungAt?.getTime(), lines]);
  return {
    fingerprint: hash('sha256', content, 'buffer'),
    bodyFingerprint: hash('sha256', receiptKey(own) + content, 'buffer'),
  };
}

/** Whether a refund keeps its promises: lines by position, quantities above 0, money whole and not negative. */
export function isWellFormedRefund({ rungAt, lines }: Refund): boolean {
  if (!rungAt || Number.isNaN(rungAt.getTime()) || lines.length > 500) return false;
  return lines.every(
    ({ line, quantityMilli, amountMinor }) =>
      Number.isSafeInteger(quantityMilli) &&
      Number.isSafeInteger(line) &&
      line >= 0 &&
      quantityMilli > 0 &&
      Number.isSafeInteger(amountMinor) &&
      amountMinor >= 0,
  );
}
