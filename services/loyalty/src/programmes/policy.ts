import type { RoundingMode } from '@regulars/amounts';
import {
  type BirthdayRights,
  BirthdayWindow,
  type Expiry,
  type ProgrammeTerms,
  Rounding,
  type Tier,
  type TierReview,
} from '@regulars/contracts/loyalty/v1/programmes';
import { type Limits, limitsOf } from '../holds/hold-limits.js';
import { todayAt } from './calendar.js';
import type { VersionRow } from './programme.js';
import { type Rule, rulesOf } from './rules.js';

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
  readonly excludedSkus: ReadonlySet<string>;
  readonly excludedPaymentTypes: ReadonlySet<string>;
  readonly rules: readonly Rule[];
  /** Lowest first. */
  readonly tiers: readonly Tier[];
  readonly tierPeriodMonths: number;
  /** Undefined: nobody keeps a tier longer than what was spent in the period allows. */
  readonly tierReview: TierReview | undefined;
  /** 0: nobody is warned. */
  readonly expiryWarningDays: number;
  readonly expiry: Expiry['policy'];
  readonly acceptDaysBack: number;
  readonly refundMayOwe: boolean;
  readonly timeZone: string;
  /** Undefined: nothing is watched. */
  readonly holdLimits: Limits | undefined;
  /** Undefined: birthdays bring nothing. */
  readonly birthday: BirthdayPolicy | undefined;
}

/** What birthdays bring. */
export interface BirthdayPolicy {
  readonly window: 'day' | 'week' | 'month';
  /** Empty: no gift. */
  readonly couponCode: string;
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

/** Where a version stands among the others of its programme at a moment. */
export function stateOf(
  version: VersionRow,
  versions: readonly VersionRow[],
  now: Date,
): 'draft' | 'scheduled' | 'in-force' | 'superseded' {
  if (!version.effectiveFrom) return 'draft';
  const today = todayAt(now.getTime(), version.terms.timeZone, 0).calendarDate;
  if (version.effectiveFrom > today) return 'scheduled';
  const isLater = (other: VersionRow) =>
    other.effectiveFrom !== null && other.effectiveFrom <= today && begins(version, other) < 0;
  return versions.some(isLater) ? 'superseded' : 'in-force';
}

/** Which of two published versions begins first; of two on the same date the later version counts. */
export function begins(one: VersionRow, other: VersionRow): number {
  return (one.effectiveFrom ?? '').localeCompare(other.effectiveFrom ?? '') || one.version - other.version;
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
    excludedSkus: new Set(accrual.excludedSkus),
    excludedPaymentTypes: new Set(accrual.excludedPaymentTypes),
    rules: rulesOf(terms.rules),
    tiers: terms.tiers,
    tierPeriodMonths: terms.tierPeriodMonths,
    tierReview: terms.tierReview,
    expiryWarningDays: terms.expiryWarningDays,
    expiry: terms.expiry?.policy,
    acceptDaysBack: terms.acceptDaysBack,
    refundMayOwe: terms.refundMayOwe,
    timeZone: terms.timeZone,
    holdLimits: limitsOf(terms.holdLimits),
    birthday: birthdayOf(terms),
  };
}

const windows: Partial<Record<BirthdayWindow, BirthdayPolicy['window']>> = {
  [BirthdayWindow.DAY]: 'day',
  [BirthdayWindow.WEEK]: 'week',
  [BirthdayWindow.MONTH]: 'month',
};

/** A rule for birthdays alone needs to know them too. */
function birthdayOf({ birthday, rules }: ProgrammeTerms): BirthdayPolicy | undefined {
  const told: BirthdayRights | undefined =
    birthday ??
    (rules.some(({ when }) => when?.onBirthday) ? { window: BirthdayWindow.DAY, couponCode: '' } : undefined);
  const window = told && windows[told.window];
  return window && { window, couponCode: told.couponCode };
}
