import type { Policy } from '../programmes/policy.js';
import { type Standing, tierIndex } from './ladder.js';
import { countedDates, hasReviews, type KeptTier, keptFrom } from './review.js';
import type { RecordedChange } from './tier-events.js';

/** A tier from now on. */
export interface NewKept extends KeptTier {
  readonly memberId: string;
  readonly programmeId: string;
}

/** A promotion with the purchase that reached it. */
export interface Promotion {
  readonly kept: NewKept;
  readonly change: RecordedChange;
}

/** Whose purchase, and when. */
export interface Promoting {
  readonly memberId: string;
  readonly programmeId: string;
  readonly businessDate: string;
  readonly nowMs: number;
  readonly newId: () => string;
}

/**
 * The promotion that a purchase reaches (requirement L7): at once, when what counts with it stands for a higher tier than
 * the one that is kept. Undefined where it reaches none or the programme has no reviews.
 *
 * @param keptTier the tier that is kept; undefined for none
 * @param after where what was spent stands with the purchase, whatever tier is kept
 */
export function promotionBy(
  policy: Policy,
  keptTier: string | undefined,
  after: Standing,
  promoting: Promoting,
): Promotion | undefined {
  if (!hasReviews(policy)) return undefined;
  const before = Math.max(0, tierIndex(policy.tiers, keptTier));
  if (tierIndex(policy.tiers, after.tier.code) <= before) return undefined;
  const { memberId, programmeId, businessDate, nowMs, newId } = promoting;
  const { from: countedFrom, until: countedUntil } = countedDates(policy, businessDate);
  const kept = keptFrom(policy, after.tier.code, businessDate, businessDate);
  const change: RecordedChange = {
    changeId: newId(),
    memberId,
    programmeId,
    kind: 'promoted',
    fromTier: policy.tiers[before]?.code ?? '',
    toTier: after.tier.code,
    happenedOn: businessDate,
    keptUntil: kept.until,
    countedFrom,
    countedUntil,
    spentMinor: after.spentMinor,
    missingMinor: 0,
    reason: '',
    actor: '',
    changedMs: nowMs,
  };
  return { kept: { ...kept, memberId, programmeId }, change };
}
