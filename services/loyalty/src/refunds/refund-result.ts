import type { RefundPurchaseResult, RefundRefusal, UnprocessedReason } from '@regulars/contracts/loyalty/v1/purchases';
import { refundWaitingText, takenBackText } from '../receipts/receipt-text.js';

/** What became of a refund, as it is stored with it and its key and answered again to a repetition. */
export type StoredRefund =
  | {
      readonly o: 'taken-back';
      readonly id: string;
      /** Empty when nobody was credited. */
      readonly member: string;
      readonly taken: number;
      readonly owed: number;
      readonly balance: number;
      /** Points given back that the purchase was paid with; missing for 0. */
      readonly returned?: number;
      /** Coupons that can be used again; missing for 0. */
      readonly coupons?: number;
    }
  | { readonly o: 'waiting'; readonly id: string }
  | { readonly o: 'refused'; readonly why: RefundRefusal };

/** The answer that a stored refund stands for. */
export function answerOfRefund(stored: StoredRefund, replayed: boolean): RefundPurchaseResult {
  return { outcome: outcomeOf(stored), replayed };
}

function outcomeOf(stored: StoredRefund): RefundPurchaseResult['outcome'] {
  switch (stored.o) {
    case 'taken-back': {
      const { id, member, taken, owed, balance, returned = 0, coupons = 0 } = stored;
      const receiptText = takenBackText(taken + owed, balance);
      const points = { pointsTaken: taken, pointsOwed: owed, pointsReturned: returned, balance };
      const value = { refundId: id, memberId: member, ...points, couponsReturned: coupons, receiptText };
      return { $case: 'takenBack', value };
    }
    case 'waiting':
      return { $case: 'waiting', value: { refundId: stored.id, receiptText: refundWaitingText() } };
    case 'refused':
      return { $case: 'refused', value: { reason: stored.why } };
  }
}

/** Nothing was written; the refund may be repeated. */
export function refundUnprocessed(reason: UnprocessedReason): RefundPurchaseResult {
  return { outcome: { $case: 'unprocessed', value: { reason } }, replayed: false };
}

/** An answer that is decided without looking at anything stored. */
export function refundRefused(why: RefundRefusal): RefundPurchaseResult {
  return answerOfRefund({ o: 'refused', why }, false);
}
