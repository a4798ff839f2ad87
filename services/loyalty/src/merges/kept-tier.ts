import type { Tier } from '@regulars/contracts/loyalty/v1/programmes';
import { tierIndex } from '../tiers/ladder.js';
import type { KeptTier } from '../tiers/review.js';

/** Which of two tiers somebody keeps who has both (requirement L7): the higher, of equal ones that which is kept longer. */
export function higherTier(ladder: readonly Tier[], one: KeptTier | null, other: KeptTier | null): KeptTier | null {
  if (!one || !other) return one ?? other;
  const [first, second] = [tierIndex(ladder, one.tier), tierIndex(ladder, other.tier)];
  if (first !== second) return first > second ? one : other;
  return (one.until ?? '') >= (other.until ?? '') ? one : other;
}

/** Whether nothing was decided about a tier since. */
export function isSameTier(one: KeptTier | null, other: KeptTier | null): boolean {
  const key = (kept: KeptTier | null) => kept && [kept.tier, kept.since, kept.basisOn, kept.until].join(' ');
  return key(one) === key(other);
}
