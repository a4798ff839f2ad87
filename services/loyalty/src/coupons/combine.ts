import type { BasketLine, CouponTerms } from '@regulars/contracts/loyalty/v1/coupons';
import { type Discount, discountOf } from './discount.js';

/** A coupon that may be used here and now as far as it alone is concerned. */
export interface Candidate {
  readonly code: string;
  readonly definitionId: string;
  readonly terms: CouponTerms;
  /** Last business date; undefined: without end. */
  readonly lastDay: string | undefined;
  /** How many more of its kind the person may use; undefined: any number. */
  readonly leftForPerson: number | undefined;
}

export interface Applied {
  readonly code: string;
  readonly definitionId: string;
  readonly discountMinor: number;
}

export type LeftOut =
  | Extract<Discount, { refused: unknown }>['refused']
  | 'LIMIT_REACHED'
  | 'LIMIT_PER_RECEIPT'
  | 'DOES_NOT_COMBINE'
  | 'NOT_NEEDED';

/** A combination, and why each other candidate is left out. */
export interface Combination {
  readonly applied: readonly Applied[];
  readonly leftOut: readonly { readonly code: string; readonly reason: LeftOut }[];
  readonly discountMinor: number;
}

type Worth = Candidate & { readonly minor: number };

/** So many coupons are combined in every way; more than that many useful ones a guest never has in hand. */
const MOST_COMBINED = 12;

/**
 * The combination that is best for the guest (requirement L9): the most off; of those the fewest coupons, so that the
 * others are left for another time; of those the ones that end first.
 */
export function bestFor(candidates: readonly Candidate[], lines: readonly BasketLine[]): Combination {
  const leftOut = new Map<string, LeftOut>();
  const useful: Worth[] = [];
  for (const candidate of candidates) {
    const discount = discountOf(candidate.terms, lines);
    if ('refused' in discount) leftOut.set(candidate.code, discount.refused);
    else if (candidate.leftForPerson === 0) leftOut.set(candidate.code, 'LIMIT_REACHED');
    else useful.push({ ...candidate, minor: discount.minor });
  }
  const total = lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  const best = combinationsOf(useful).reduce((one, other) => (isBetter(other, one, total) ? other : one), []);
  for (const coupon of useful) if (!best.includes(coupon)) leftOut.set(coupon.code, whyNotIn(best, coupon));
  return {
    applied: capped(best, total),
    leftOut: [...leftOut].map(([code, reason]) => ({ code, reason })),
    discountMinor: worthOf(best, total),
  };
}

/** Whether coupons that a till names go together: all of them, or why each that does not is refused. */
export function allOf(candidates: readonly Candidate[], lines: readonly BasketLine[]): Combination {
  const together: Worth[] = [];
  const leftOut: { code: string; reason: LeftOut }[] = [];
  for (const candidate of candidates) {
    const { code, terms, leftForPerson } = candidate;
    const discount = discountOf(terms, lines);
    if ('refused' in discount) leftOut.push({ code, reason: discount.refused });
    else if (leftForPerson === 0) leftOut.push({ code, reason: 'LIMIT_REACHED' });
    else if (candidates.length > 1 && !terms.combines) leftOut.push({ code, reason: 'DOES_NOT_COMBINE' });
    else {
      const coupon = { ...candidate, minor: discount.minor };
      if (fits(together, coupon)) together.push(coupon);
      else leftOut.push({ code, reason: limitIn(together, coupon) });
    }
  }
  if (leftOut.length > 0) return { applied: [], leftOut, discountMinor: 0 };
  const total = lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  return { applied: capped(together, total), leftOut, discountMinor: worthOf(together, total) };
}

function combinationsOf(useful: readonly Worth[]): Worth[][] {
  const alone = useful.filter(({ terms }) => !terms.combines).map((coupon) => [coupon]);
  const together = useful
    .filter(({ terms }) => terms.combines)
    .sort((one, other) => other.minor - one.minor || endsFirst(one, other))
    .slice(0, MOST_COMBINED);
  let subsets: Worth[][] = [[]];
  for (const coupon of together) {
    subsets = [...subsets, ...subsets.filter((subset) => fits(subset, coupon)).map((subset) => [...subset, coupon])];
  }
  return [...alone, ...subsets];
}

/** Whether one more of its kind is within the limits of receipt and person. */
function fits(subset: readonly Worth[], { definitionId, terms, leftForPerson }: Worth): boolean {
  const same = subset.filter((other) => other.definitionId === definitionId).length;
  return same < terms.perReceipt && same < (leftForPerson ?? Number.POSITIVE_INFINITY);
}

function isBetter(one: readonly Worth[], other: readonly Worth[], total: number): boolean {
  const more = worthOf(one, total) - worthOf(other, total);
  if (more !== 0) return more > 0;
  if (one.length !== other.length) return one.length < other.length;
  return lastDays(one) < lastDays(other);
}

function worthOf(coupons: readonly Worth[], total: number): number {
  return Math.min(
    total,
    coupons.reduce((sum, { minor }) => sum + minor, 0),
  );
}

/** What each takes off; the last ones only what is left on the bill. */
function capped(coupons: readonly Worth[], total: number): Applied[] {
  let left = total;
  return coupons.map(({ code, definitionId, minor }) => {
    const discountMinor = Math.min(left, minor);
    left -= discountMinor;
    return { code, definitionId, discountMinor };
  });
}

function whyNotIn(best: readonly Worth[], coupon: Worth): LeftOut {
  if (!coupon.terms.combines || best.some(({ terms }) => !terms.combines)) return 'DOES_NOT_COMBINE';
  return fits(best, coupon) ? 'NOT_NEEDED' : limitIn(best, coupon);
}

function limitIn(coupons: readonly Worth[], { definitionId, terms }: Worth): 'LIMIT_PER_RECEIPT' | 'LIMIT_REACHED' {
  const same = coupons.filter((other) => other.definitionId === definitionId).length;
  return same >= terms.perReceipt ? 'LIMIT_PER_RECEIPT' : 'LIMIT_REACHED';
}

function endsFirst(one: Worth, other: Worth): number {
  return (one.lastDay ?? '9999') < (other.lastDay ?? '9999') ? -1 : 1;
}

function lastDays(coupons: readonly Worth[]): string {
  return coupons
    .map(({ lastDay }) => lastDay ?? '9999')
    .sort()
    .join();
}
