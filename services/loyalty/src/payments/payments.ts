import { share } from '@regulars/amounts';
import type { AccountState } from '../points/ledger.js';
import { type GivingBack, giveBackLatestFirst } from '../points/spending.js';
import type { ReturnableRedemption, ToGiveBack } from '../redemptions/give-back.js';

/** Points that paid for a receipt. */
export interface PaidWithPoints {
  readonly row: ReturnableRedemption;
  /** Money off the bill, and no dish or gift. */
  readonly isMoney: boolean;
  /** The payer's account, who need not be who was credited. */
  readonly account: AccountState;
}

/** Coupons that were used on a receipt. */
export interface PaidWithCoupons {
  readonly useId: string;
  readonly memberId: string | null;
  readonly programmeId: string;
}

/** What a receipt was paid with besides money. */
export interface Paid {
  readonly points: readonly PaidWithPoints[];
  readonly coupons: readonly PaidWithCoupons[];
}

/** How much of a receipt is given back by now. */
export interface GivenBackSoFar {
  readonly refundedMinor: number;
  readonly totalMinor: number;
  readonly isWhole: boolean;
}

/**
 * Points of a payment that a refund gives back (requirement L6): of money off the bill the share that was refunded so
 * far, rounded on the running total, so that splitting a refund never pays; of a dish or gift all, once all of the
 * receipt is given back.
 *
 * @param returnedBefore points that earlier refunds gave back
 */
export function toReturn(paid: PaidWithPoints, returnedBefore: number, soFar: GivenBackSoFar): ToGiveBack {
  const { points } = paid.row;
  const row = { ...paid.row, returned: returnedBefore };
  if (soFar.isWhole) return { row, points: points - returnedBefore, state: 'returned' };
  if (!paid.isMoney || soFar.totalMinor === 0) return { row, points: 0, state: 'confirmed' };
  const due = share(points, { of: soFar.refundedMinor, per: soFar.totalMinor }, 'down');
  return { row, points: Math.max(0, due - returnedBefore), state: 'confirmed' };
}

/** What goes back where, before it is booked. */
export function givingBackOf({ row, points }: ToGiveBack, nowMs: number): GivingBack {
  return giveBackLatestFirst(row.fromLots, row.returned, points, nowMs);
}
