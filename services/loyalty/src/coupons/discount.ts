import { share } from '@regulars/amounts';
import { type BasketLine, CouponKind, type CouponTerms } from '@regulars/contracts/loyalty/v1/coupons';

/** What a coupon takes off a bill by itself, or why nothing. */
export type Discount = { readonly minor: number } | { readonly refused: 'BELOW_MINIMUM' | 'NOTHING_IT_IS_FOR' };

/**
 * What a coupon takes off the lines it is for (requirement L9), whatever else is used with it: never more than they
 * come to, so that no bill goes below zero.
 */
export function discountOf(terms: CouponTerms, lines: readonly BasketLine[]): Discount {
  const own = lines.filter((line) => isFor(terms, line));
  const sum = own.reduce((total, { amountMinor }) => total + amountMinor, 0);
  if (sum === 0) return { refused: 'NOTHING_IT_IS_FOR' };
  if (sum < terms.minSpendMinor) return { refused: 'BELOW_MINIMUM' };
  const most = terms.capMinor > 0 ? Math.min(terms.capMinor, sum) : sum;
  return { minor: Math.min(most, plainDiscount(terms, own, sum)) };
}

function plainDiscount(terms: CouponTerms, own: readonly BasketLine[], sum: number): number {
  switch (terms.kind) {
    case CouponKind.AMOUNT_OFF:
      return terms.valueMinor;
    case CouponKind.PERCENT_OFF:
      return share(sum, { of: terms.percent, per: 100 }, 'down');
    case CouponKind.FREE_ITEM:
      return Math.min(...own.filter(({ amountMinor }) => amountMinor > 0).map(priceOfOne));
    case CouponKind.SPEND_SAVE:
      return Math.floor(sum / terms.minSpendMinor) * terms.valueMinor;
    case CouponKind.UNSPECIFIED:
    case CouponKind.UNRECOGNIZED:
      return 0;
  }
}

/** A line of less than one piece is given whole. */
function priceOfOne({ amountMinor, quantityMilli }: BasketLine): number {
  if (quantityMilli <= 1_000) return amountMinor;
  return share(amountMinor, { of: 1_000, per: quantityMilli }, 'down');
}

function isFor({ skus, categories }: CouponTerms, line: BasketLine): boolean {
  if (skus.length === 0 && categories.length === 0) return true;
  return skus.includes(line.sku) || categories.includes(line.category);
}
