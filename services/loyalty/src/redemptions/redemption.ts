import type { Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import type { TakenFromLot } from '../points/spending.js';

export type RedemptionState = 'reserved' | 'confirmed' | 'cancelled' | 'released' | 'returned';

/** A redemption as stored. */
export interface RedemptionRow {
  readonly redemptionId: string;
  readonly memberId: string;
  readonly programmeId: string;
  readonly programmeVersion: number;
  readonly state: RedemptionState;
  readonly rewardId: string;
  readonly quantity: number;
  readonly points: number;
  /** Points that were given back. */
  readonly returned: number;
  readonly valueMinor: number;
  /** Oldest expiry first. */
  readonly fromLots: readonly TakenFromLot[];
  readonly storeId: string;
  readonly tillId: string;
  readonly businessDate: string;
  readonly reservedAt: Date;
  readonly reservedUntil: Date;
  readonly endedAt: Date | null;
  readonly fulfilledAt: Date | null;
  readonly receipt: Receipt | null;
}

/** What a till may still do with a redemption, for a refusal that tells it. */
export function allowedIn(state: RedemptionState): string[] {
  switch (state) {
    case 'reserved':
      return ['confirm', 'cancel'];
    case 'confirmed':
      return ['fulfil', 'refund the receipt'];
    case 'cancelled':
    case 'released':
    case 'returned':
      return ['reserve again'];
  }
}

/** `receipt-refunded`: what it is to pay for was given back before. */
export type Step = 'do' | 'done-before' | 'refused' | 'receipt-refunded';

/**
 * Whether a redemption can be confirmed (requirement L8). A till that lost the answer may say the same again under
 * whatever key; one whose time limit has passed still can as long as nothing was given back.
 */
export function confirming(row: Pick<RedemptionRow, 'state' | 'receipt'>, receipt: Receipt | null): Step {
  if (row.state === 'reserved') return 'do';
  return row.state === 'confirmed' && isSameReceipt(row.receipt, receipt) ? 'done-before' : 'refused';
}

/** Whether a redemption can be cancelled; what was released has come back already, which is what the till wants. */
export function cancelling({ state }: Pick<RedemptionRow, 'state'>): Step {
  if (state === 'reserved') return 'do';
  return state === 'cancelled' || state === 'released' ? 'done-before' : 'refused';
}

/** Whether it can be told as handed over. */
export function fulfilling({ state, fulfilledAt }: Pick<RedemptionRow, 'state' | 'fulfilledAt'>): Step {
  if (state !== 'confirmed') return 'refused';
  return fulfilledAt ? 'done-before' : 'do';
}

function isSameReceipt(one: Receipt | null, other: Receipt | null): boolean {
  if (!one || !other) return one === other;
  return (
    one.storeId === other.storeId &&
    one.tillId === other.tillId &&
    one.businessDate === other.businessDate &&
    one.receiptNumber === other.receiptNumber
  );
}
