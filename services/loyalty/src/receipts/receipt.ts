import type { Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import { isDate } from '../programmes/calendar.js';
import { isUuid } from '../programmes/terms.js';

/** What identifies a receipt, as one text: the key of its claim within the programme. */
export function receiptKey({ storeId, tillId, businessDate, receiptNumber }: Receipt): string {
  return `${storeId}|${tillId}|${businessDate}|${receiptNumber}`;
}

const validDates = new Set<string>();

/** Whether a receipt is complete: the gateway refuses anything else. */
export function isWellFormedReceipt(receipt: Receipt | undefined): receipt is Receipt {
  if (!receipt) return false;
  const { storeId, tillId, businessDate, receiptNumber } = receipt;
  if (!validDates.has(businessDate)) {
    if (!isDate(businessDate)) return false;
    if (validDates.size > 1_000) validDates.clear();
    validDates.add(businessDate);
  }
  return isUuid(storeId) && isUuid(tillId) && isPlain(receiptNumber, 64);
}

/** Whether it is money of a till: a whole number, 0 or more. */
export function isAmount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Whether it is a text of 1 to so many characters that a database takes. */
export function isPlain(text: string, most: number): boolean {
  return text.length > 0 && text.length <= most && !text.includes('\0');
}

/** Whether it can be an idempotency key; empty where none was sent. */
export function isKey(key: string): boolean {
  return key === '' || isPlain(key, 255);
}
