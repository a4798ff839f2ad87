import {
  HoldReason,
  PendingReason,
  type PostPurchaseResult,
  type PurchaseRefusal,
  type UnprocessedReason,
} from '@regulars/contracts/loyalty/v1/purchases';
import { anonymousText, creditedText, heldText, pendingText } from '../receipts/receipt-text.js';
import type { Standing } from '../tiers/ladder.js';

/** What became of a purchase, as it is stored with its claim and its key and answered again to a repetition. */
export type StoredResult =
  | {
      readonly o: 'credited';
      readonly id: string;
      readonly member: string;
      readonly points: number;
      readonly balance: number;
      /** tier, next tier, missing minor units, spent minor units */
      readonly tier: readonly [string, string, number, number];
      /** What every line stands for, where rules made it differ from what the line cost; for refunds. */
      readonly weights?: readonly number[];
    }
  | {
      readonly o: 'pending';
      readonly id: string;
      readonly why: PendingReason;
      /** Why it was held before a person released it, in numbers by name. */
      readonly released?: Readonly<Record<string, number>>;
    }
  | { readonly o: 'held'; readonly id: string; readonly why: HoldReason }
  | { readonly o: 'refused'; readonly why: PurchaseRefusal; readonly id: string };

export function tierOf({ tier, next, missingMinor, spentMinor }: Standing): [string, string, number, number] {
  return [tier.code, next?.code ?? '', missingMinor, spentMinor];
}

/** The answer that a stored result stands for. */
export function answerOf(stored: StoredResult, replayed: boolean): PostPurchaseResult {
  return { outcome: outcomeOf(stored), replayed };
}

function outcomeOf(stored: StoredResult): PostPurchaseResult['outcome'] {
  switch (stored.o) {
    case 'credited': {
      const { id, member, points, balance } = stored;
      const [tier, nextTier, missingMinor, spentMinor] = stored.tier;
      return {
        $case: 'credited',
        value: {
          purchaseId: id,
          memberId: member,
          pointsEarned: points,
          balance,
          tier: { tier, nextTier, missingMinor, spentMinor },
          receiptText: creditedText(points, balance),
          entryId: points > 0 ? id : '',
          couponCodes: [],
        },
      };
    }
    case 'pending': {
      const receiptText = stored.why === PendingReason.ANONYMOUS ? anonymousText() : pendingText();
      return { $case: 'pending', value: { purchaseId: stored.id, reason: stored.why, receiptText } };
    }
    case 'held':
      return { $case: 'held', value: { purchaseId: stored.id, reason: stored.why, receiptText: heldText() } };
    case 'refused':
      return { $case: 'refused', value: { reason: stored.why, purchaseId: stored.id } };
  }
}

/** An answer that is decided without looking at anything stored. */
export function refused(reason: PurchaseRefusal): PostPurchaseResult {
  return { outcome: { $case: 'refused', value: { reason, purchaseId: '' } }, replayed: false };
}

/** Nothing was written; the item may be repeated. */
export function unprocessed(reason: UnprocessedReason): PostPurchaseResult {
  return { outcome: { $case: 'unprocessed', value: { reason } }, replayed: false };
}
