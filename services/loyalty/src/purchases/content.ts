import { hash } from 'node:crypto';
import type { MemberReference, Purchase, Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import { isUuid } from '../programmes/terms.js';
import { isAmount, isPlain, receiptKey } from '../receipts/receipt.js';

/** Who the till says bought, as one text; undefined for an anonymous purchase. */
export function toldMember(reference: MemberReference | undefined): string | undefined {
  const by = reference?.by;
  switch (by?.$case) {
    case 'memberId':
      return `id:${by.value}`;
    case 'number':
      return `number:${by.value}`;
    case 'codeTokenSha256':
      return `token:${Buffer.from(by.value).toString('hex')}`;
    case undefined:
      return undefined;
  }
}

/** A purchase in the form in which it is compared and stored. */
export interface Content {
  /** `[[sku, name, category, quantityMilli, amountMinor], …]` */
  readonly lines: string;
  /** `[[type, amountMinor], …]` */
  readonly payments: string;
  /** SHA-256 of what was bought, how it was paid and by whom: without the receipt's identity and the time. */
  readonly fingerprint: Buffer;
  /** SHA-256 of the whole body: what an idempotency key stands for. */
  readonly bodyFingerprint: Buffer;
}

/** Reads a well-formed purchase for comparison (requirement L1). */
export function contentOf(purchase: Purchase, receipt: Receipt): Content {
  const lines = JSON.stringify(
    purchase.lines.map((line) => [line.sku, line.name, line.category, line.quantityMilli, line.amountMinor]),
  );
  const payments = JSON.stringify(purchase.payments.map((payment) => [payment.type, payment.amountMinor]));
  const fingerprint = fingerprintOf(toldMember(purchase.member) ?? '', purchase, lines, payments);
  const identity = JSON.stringify([receiptKey(receipt), purchase.rungAt?.getTime(), purchase.rungAtOffsetMinutes]);
  return {
    lines,
    payments,
    fingerprint,
    bodyFingerprint: hash('sha256', identity + fingerprint.toString('hex'), 'buffer'),
  };
}

/** SHA-256 of what was bought, how it was paid and by whom; `told` is empty for an anonymous purchase. */
export function fingerprintOf(
  told: string,
  { currency, totalMinor, channel, partySize }: Pick<Purchase, 'currency' | 'totalMinor' | 'channel' | 'partySize'>,
  lines: string,
  payments: string,
): Buffer {
  const content = JSON.stringify([told, currency, totalMinor, channel, partySize]) + lines + payments;
  return hash('sha256', content, 'buffer');
}

/** Whether a purchase keeps its promises: amounts whole and not negative, lines and payments that add up. */
export function isWellFormed(purchase: Purchase): boolean {
  const { totalMinor, lines, payments, channel, partySize, rungAt, rungAtOffsetMinutes, member } = purchase;
  if (!isAmount(totalMinor) || !rungAt || Number.isNaN(rungAt.getTime())) return false;
  if (Math.abs(rungAtOffsetMinutes) > 840 || partySize < 0 || partySize > 10_000 || !isPlain(channel, 32)) return false;
  if (lines.length < 1 || lines.length > 500 || payments.length > 20) return false;
  let sum = 0;
  for (const line of lines) {
    if (!isAmount(line.amountMinor) || !(line.quantityMilli > 0)) return false;
    sum += line.amountMinor;
  }
  let paid = 0;
  for (const payment of payments) {
    if (!isAmount(payment.amountMinor)) return false;
    paid += payment.amountMinor;
  }
  return sum === totalMinor && paid === totalMinor && isWellFormedReference(member);
}

function isWellFormedReference(reference: MemberReference | undefined): boolean {
  const by = reference?.by;
  switch (by?.$case) {
    case 'memberId':
      return isUuid(by.value);
    case 'number':
      return isPlain(by.value, 64);
    case 'codeTokenSha256':
      return by.value.length === 32;
    case undefined:
      return true;
  }
}
