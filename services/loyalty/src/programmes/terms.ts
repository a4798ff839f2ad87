import { isCurrency } from '@regulars/amounts';
import {
  type BaseAccrual,
  type CreateProgrammeRequest,
  type Expiry,
  type ProgrammeTerms,
  Rounding,
  type Tier,
} from '@regulars/contracts/loyalty/v1/programmes';
import { isDate, isTimeZone } from './calendar.js';

/** One thing that is wrong, with its JSON pointer into the request. */
export interface Fault {
  readonly pointer: string;
  readonly message: string;
}

/** Beyond this, points times a tier's multiplier could leave the safe integers. */
const MOST_MINOR = 1_000_000_000_000;

/** Everything that is wrong with drafted terms (requirement L3); empty when they can be published. */
export function faultsOfTerms(terms: ProgrammeTerms | undefined): Fault[] {
  if (!terms) return [{ pointer: '/terms', message: 'is missing' }];
  const checks = new Checks();
  accrualFaults(checks, terms.accrual);
  tierFaults(checks, terms.tiers);
  checks.range('/terms/tierPeriodMonths', terms.tierPeriodMonths, 1, 60);
  expiryFaults(checks, terms.expiry?.policy);
  checks.range('/terms/acceptDaysBack', terms.acceptDaysBack, 1, 400);
  checks.that('/terms/timeZone', isTimeZone(terms.timeZone), 'is no IANA time zone, such as Asia/Shanghai');
  return checks.faults;
}

/** Everything that is wrong with the beginning of a programme. */
export function faultsOfProgramme(request: CreateProgrammeRequest): Fault[] {
  const checks = new Checks();
  checks.that('/code', /^[A-Z0-9-]{1,20}$/.test(request.code), 'expected 1 to 20 of A-Z, 0-9 and dashes');
  checks.text('/nameZh', request.nameZh, 100);
  checks.text('/nameEn', request.nameEn, 100);
  checks.that('/currency', isCurrency(request.currency), 'is no ISO 4217 code, such as CNY');
  checks.that('/brandIds', request.brandIds.length > 0, 'expected at least one brand');
  checks.that('/brandIds', new Set(request.brandIds).size === request.brandIds.length, 'names a brand twice');
  request.brandIds.forEach((id, index) => {
    checks.that(`/brandIds/${index}`, isUuid(id), 'is no UUID');
  });
  return checks.faults;
}

/** Whether it is a UUID in its canonical text. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
}

function accrualFaults(checks: Checks, accrual: BaseAccrual | undefined): void {
  if (!accrual) {
    checks.fault('/terms/accrual', 'is missing');
    return;
  }
  checks.range('/terms/accrual/points', accrual.points, 1, 1_000_000);
  checks.range('/terms/accrual/perMinor', accrual.perMinor, 1, MOST_MINOR);
  const rounding = [Rounding.DOWN, Rounding.HALF_UP, Rounding.UP].includes(accrual.rounding);
  checks.that('/terms/accrual/rounding', rounding, 'expected down, half up or up');
  checks.range('/terms/accrual/minimumMinor', accrual.minimumMinor, 0, MOST_MINOR);
  checks.range('/terms/accrual/capPerDay', accrual.capPerDay, 0, MOST_MINOR);
  checks.range('/terms/accrual/capPerMonth', accrual.capPerMonth, 0, MOST_MINOR);
  accrual.excludedCategories.forEach((category, index) => {
    checks.text(`/terms/accrual/excludedCategories/${index}`, category, 64);
  });
  accrual.excludedPaymentTypes.forEach((type, index) => {
    checks.text(`/terms/accrual/excludedPaymentTypes/${index}`, type, 32);
  });
}

function tierFaults(checks: Checks, tiers: readonly Tier[]): void {
  checks.that('/terms/tiers', tiers.length >= 1 && tiers.length <= 20, 'expected 1 to 20 tiers');
  tiers.forEach((tier, index) => {
    const at = `/terms/tiers/${index}`;
    const before = tiers[index - 1];
    checks.that(`${at}/code`, /^[a-z0-9-]{1,32}$/.test(tier.code), 'expected 1 to 32 of a-z, 0-9 and dashes');
    const first = tiers.findIndex((other) => other.code === tier.code) === index;
    checks.that(`${at}/code`, first, 'stands in the ladder already');
    checks.text(`${at}/nameZh`, tier.nameZh, 40);
    checks.text(`${at}/nameEn`, tier.nameEn, 40);
    checks.range(`${at}/fromSpentMinor`, tier.fromSpentMinor, 0, MOST_MINOR);
    if (!before) checks.that(`${at}/fromSpentMinor`, tier.fromSpentMinor === 0, 'the lowest tier needs nothing: 0');
    else {
      const rises = tier.fromSpentMinor > before.fromSpentMinor;
      checks.that(`${at}/fromSpentMinor`, rises, 'expected more than the tier before');
    }
    checks.range(`${at}/multiplierPercent`, tier.multiplierPercent, 1, 10_000);
  });
}

function expiryFaults(checks: Checks, policy: Expiry['policy']): void {
  switch (policy?.$case) {
    case 'rollingMonths':
      checks.range('/terms/expiry/rollingMonths', policy.value, 1, 120);
      break;
    case 'yearEndGraceMonths':
      checks.range('/terms/expiry/yearEndGraceMonths', policy.value, 0, 24);
      break;
    case 'fixedDate':
      checks.that('/terms/expiry/fixedDate', isDate(policy.value), 'is no date, YYYY-MM-DD');
      break;
    case undefined:
      break;
  }
}

class Checks {
  readonly faults: Fault[] = [];

  fault(pointer: string, message: string): void {
    this.faults.push({ pointer, message });
  }

  that(pointer: string, holds: boolean, message: string): void {
    if (!holds) this.fault(pointer, message);
  }

  range(pointer: string, value: number, least: number, most: number): void {
    const holds = Number.isSafeInteger(value) && value >= least && value <= most;
    this.that(pointer, holds, `expected a whole number from ${least} to ${most}`);
  }

  text(pointer: string, value: string, most: number): void {
    this.that(pointer, value.trim().length > 0 && value.length <= most, `expected 1 to ${most} characters`);
  }
}
