import type { KeptTier } from '../tiers/review.js';

/** What both members had in a programme when they were merged. */
export interface ProgrammeBefore {
  readonly programmeId: string;
  /** The survivor's last entry before. */
  readonly survivorSeq: number;
  readonly survivorDebt: number;
  readonly mergedDebt: number;
  /** The merged member's lots, with what was spent of each. */
  readonly lots: readonly (readonly [lotId: string, spent: number])[];
  /** The merged member's business days. */
  readonly days: readonly (readonly [businessDate: string, points: number, spentMinor: number])[];
  readonly survivorTier: KeptTier | null;
  readonly mergedTier: KeptTier | null;
  /** The tier that the survivor kept from then on. */
  readonly keptTier: KeptTier | null;
}

/** What is needed to undo a merge. */
export interface Before {
  /** The merged member and all who were merged into her before. */
  readonly members: readonly string[];
  readonly programmes: readonly ProgrammeBefore[];
  readonly redemptions: readonly string[];
  readonly coupons: readonly string[];
  readonly adjustments: readonly string[];
}
