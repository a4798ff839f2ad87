import { CouponRefusal, type RefusedCoupon } from '@regulars/contracts/loyalty/v1/coupons';
import type { Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import type { RedemptionState } from '../redemptions/redemption.js';
import type { Applied, Candidate, LeftOut } from './combine.js';
import type { DefinitionRow } from './definition.js';

export type CouponState = 'issued' | 'reserved' | 'used' | 'void';

/** A coupon as stored. */
export interface CouponRow {
  readonly code: string;
  readonly definitionId: string;
  /** Null: whoever has it. */
  readonly memberId: string | null;
  readonly state: CouponState;
  readonly issuedAt: Date;
  readonly lastDay: string | null;
  /** Where it is held or was used, and when; null while it can be used. */
  readonly storeId: string | null;
  readonly tillId: string | null;
  readonly usedAt: Date | null;
}

/** A new coupon. */
export interface NewCoupon {
  readonly code: string;
  readonly memberId: string | undefined;
  readonly ordinal: number;
}

/** Coupons used together, as stored; its states are those of a redemption. */
export interface UseRow {
  readonly useId: string;
  readonly memberId: string | null;
  readonly programmeId: string;
  readonly state: RedemptionState;
  readonly applied: readonly Applied[];
  readonly discountMinor: number;
  readonly storeId: string;
  readonly tillId: string;
  readonly businessDate: string;
  readonly reservedAt: Date;
  readonly reservedUntil: Date;
  readonly receipt: Receipt | null;
}

/** Where and by whom coupons are to be used. */
export interface Occasion {
  readonly programmeId: string;
  readonly storeId: string;
  readonly businessDate: string;
  readonly memberId: string | undefined;
  readonly tier: string | undefined;
}

/** A told code with what is stored of it. */
export interface ToldCoupon {
  readonly told: string;
  /** Undefined when the check character does not match. */
  readonly code: string | undefined;
  readonly row: CouponRow | undefined;
  readonly definition: DefinitionRow | undefined;
  /** How many more of its kind the person may use; undefined: any number. */
  readonly leftForPerson: number | undefined;
}

/** A coupon as a candidate for a bill, or why it cannot be used here and now (requirement L9). */
export function candidateOf(coupon: ToldCoupon, occasion: Occasion): Candidate | RefusedCoupon {
  const { told, code, row, definition, leftForPerson } = coupon;
  if (code === undefined) return refused(told, CouponRefusal.MISTYPED);
  if (!row || !definition) return refused(told, CouponRefusal.UNKNOWN);
  const reason = whyNot(row, definition, occasion);
  if (reason !== undefined) return refused(told, reason, row);
  const { definitionId, terms } = definition;
  return { code, definitionId, terms, lastDay: row.lastDay ?? undefined, leftForPerson };
}

/** Whether it is refused and no candidate. */
export function isRefused(coupon: Candidate | RefusedCoupon): coupon is RefusedCoupon {
  return 'reason' in coupon;
}

/** Why a coupon is left out of a combination, as it is told. */
export function refusedFor(code: string, reason: LeftOut): RefusedCoupon {
  return refused(code, CouponRefusal[reason]);
}

function whyNot(row: CouponRow, { terms }: DefinitionRow, occasion: Occasion): CouponRefusal | undefined {
  if (row.state === 'used') return CouponRefusal.USED;
  if (row.state === 'reserved') return CouponRefusal.RESERVED;
  if (row.state === 'void') return CouponRefusal.VOID;
  const { businessDate, programmeId, storeId, memberId, tier } = occasion;
  if (terms.programmeId !== programmeId) return CouponRefusal.NOT_OF_PROGRAMME;
  if (row.memberId !== null && row.memberId !== memberId) return CouponRefusal.OF_ANOTHER_MEMBER;
  if (businessDate < terms.validFrom) return CouponRefusal.NOT_YET_VALID;
  if (row.lastDay !== null && businessDate > row.lastDay) return CouponRefusal.EXPIRED;
  if (terms.storeIds.length > 0 && !terms.storeIds.includes(storeId)) return CouponRefusal.NOT_AT_STORE;
  if (terms.tiers.length > 0 && !terms.tiers.includes(tier ?? '')) return CouponRefusal.TIER_NOT_ELIGIBLE;
  return undefined;
}

function refused(code: string, reason: CouponRefusal, row?: CouponRow): RefusedCoupon {
  return {
    code,
    reason,
    storeId: row?.storeId ?? '',
    tillId: row?.tillId ?? '',
    at: row?.usedAt ?? undefined,
  };
}
