import type { Tier } from '@regulars/contracts/loyalty/v1/programmes';
import { monthsBefore } from '../programmes/calendar.js';
import type { Policy } from '../programmes/policy.js';

/** Where a member stands on the ladder (requirement L7). */
export interface Standing {
  readonly tier: Tier;
  readonly next: Tier | undefined;
  /** What still has to be spent in the period for the next tier, minor units; 0 at the top. */
  readonly missingMinor: number;
  /** What counts so far in the period, minor units. */
  readonly spentMinor: number;
}

/**
 * The highest tier whose spending is reached. Spending below zero (more refunded in the period than bought) stands on
 * the lowest.
 *
 * @param tiers lowest first; the lowest needs nothing
 * @param keptTier code of a tier that is kept although less was spent
 */
export function standingOn(tiers: readonly Tier[], spentMinor: number, keptTier?: string): Standing {
  let reached = Math.max(0, tierIndex(tiers, keptTier));
  while (reached + 1 < tiers.length && (tiers[reached + 1] as Tier).fromSpentMinor <= spentMinor) reached += 1;
  const tier = tiers[reached];
  if (!tier) throw new Error('a ladder has at least one tier');
  const next = tiers[reached + 1];
  return { tier, next, missingMinor: next ? next.fromSpentMinor - spentMinor : 0, spentMinor };
}

/** Place of a tier in the ladder; -1 for one that does not stand there. */
export function tierIndex(tiers: readonly Tier[], tier: string | undefined): number {
  return tier === undefined ? -1 : tiers.findIndex(({ code }) => code === tier);
}

/** The last date that no longer counts for the tier of a day: the period is the months that end with it. */
export function tierPeriodBegins(policy: Pick<Policy, 'tierPeriodMonths'>, date: string): string {
  return monthsBefore(date, policy.tierPeriodMonths);
}
