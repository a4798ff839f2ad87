import type { RoundingMode } from '@regulars/amounts';
import { type Expiry, type ProgrammeTerms, Rounding, type Tier } from '@regulars/contracts/loyalty/v1/programmes';

/** A published version of a programme's terms, ready to decide by. */
export interface Policy {
  readonly version: number;
  /** First business date for which it counts. */
  readonly effectiveFrom: string;
  readonly points: number;
  readonly perMinor: number;
  readonly rounding: RoundingMode;
  readonly minimumMinor: number;
  /** 0: no cap. */
  readonly capPerDay: number;
  /** 0: no cap. */
  readonly capPerMonth: number;
  readonly excludedCategories: ReadonlySet<string>;
  readonly excludedPaymentTypes: ReadonlySet<string>;
  /** Lowest first. */
  readonly tiers: readonly Tier[];
  readonly tierPeriodMonths: number;
  readonly expiry: Expiry['policy'];
  readonly acceptDaysBack: number;
  readonly refundMayOwe: boolean;
  readonly timeZone: string;
}

/** A programme with its published policies. */
export interface Programme {
  readonly programmeId: string;
  readonly currency: string;
  /** Oldest first; where two begin on the same date the later version stands later. */
  readonly policies: readonly Policy[];
}

/** The policy in force on a business date: the latest that had begun (requirement L3). */
export function policyOn(programme: Programme, businessDate: string): Policy | undefined {
  return programme.policies.findLast((policy) => policy.effectiveFrom <= businessDate);
}

/** A policy by its version, for what was decided by it earlier. */
export function policyOfVersion(programme: Programme, version: number): Policy | undefined {
  return programme.policies.find((policy) => policy.version === version);
}

const roundings: Partial<Record<Rounding, RoundingMode>> = {
  [Rounding.DOWN]: 'down',
  [Rounding.HALF_UP]: 'half-up',
  [Rounding.UP]: 'up',
};

/** The policy of terms without faults. */
export function policyOf(version: number, effectiveFrom: string, terms: ProgrammeTerms): Policy {
  const { accrual } = terms;
  const rounding = accrual && roundings[accrual.rounding];
  if (!accrual || !rounding) throw new Error(`Version ${version} was published with faulty terms`);
  return {
    version,
    effectiveFrom,
    points: accrual.points,
    perMinor: accrual.perMinor,
    rounding,
    minimumMinor: accrual.minimumMinor,
    capPerDay: accrual.capPerDay,
    capPerMonth: accrual.capPerMonth,
    excludedCategories: new Set(accrual.excludedCategories),
    excludedPaymentTypes: new Set(accrual.excludedPaymentTypes),
    tiers: terms.tiers,
    tierPeriodMonths: terms.tierPeriodMonths,
    expiry: terms.expiry?.policy,
    acceptDaysBack: terms.acceptDaysBack,
    refundMayOwe: terms.refundMayOwe,
    timeZone: terms.timeZone,
  };
}
