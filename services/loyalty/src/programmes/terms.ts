import { isCurrency } from '@regulars/amounts';
import {
  type BaseAccrual,
  type BirthdayRights,
  BirthdayWindow,
  type CreateProgrammeRequest,
  type Expiry,
  type ProgrammeTerms,
  Rounding,
  type Tier,
  type TierBenefits,
  type TierReview,
} from '@regulars/contracts/loyalty/v1/programmes';
import { limitFaults } from '../holds/hold-limits.js';
import { isDate, isTimeZone } from './calendar.js';
import { Checks, type Fault, isUuid, MOST_MINOR } from './checks.js';
import { ruleFaults } from './rule-faults.js';

export { type Fault, isUuid } from './checks.js';

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
  reviewFaults(checks, terms.tierReview);
  checks.range('/terms/expiryWarningDays', terms.expiryWarningDays, 0, 180);
  ruleFaults(checks, terms.rules);
  limitFaults(checks, terms.holdLimits);
  birthdayFaults(checks, terms.birthday);
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
  accrual.excludedSkus.forEach((sku, index) => {
    checks.text(`/terms/accrual/excludedSkus/${index}`, sku, 64);
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
    benefitFaults(checks, `${at}/benefits`, tier.benefits);
  });
}

function benefitFaults(checks: Checks, at: string, benefits: TierBenefits | undefined): void {
  if (!benefits) return;
  checks.range(`${at}/discountPercent`, benefits.discountPercent, 0, 100);
  checks.range(`${at}/priority`, benefits.priority, 0, 100);
  checks.that(`${at}/gifts`, benefits.gifts.length <= 10, 'expected at most 10 gifts');
  benefits.gifts.forEach((gift, index) => {
    checks.text(`${at}/gifts/${index}`, gift, 100);
  });
}

function reviewFaults(checks: Checks, review: TierReview | undefined): void {
  if (!review) return;
  checks.range('/terms/tierReview/everyMonths', review.everyMonths, 1, 60);
  checks.range('/terms/tierReview/noticeDays', review.noticeDays, 0, 180);
  checks.range('/terms/tierReview/graceDays', review.graceDays, 0, 180);
}

function birthdayFaults(checks: Checks, birthday: BirthdayRights | undefined): void {
  if (!birthday) return;
  const isWindow = [BirthdayWindow.DAY, BirthdayWindow.WEEK, BirthdayWindow.MONTH].includes(birthday.window);
  checks.that('/terms/birthday/window', isWindow, 'expected day, week or month');
  const isCode = /^[A-Z0-9-]{0,20}$/.test(birthday.couponCode);
  checks.that('/terms/birthday/couponCode', isCode, 'is no code of a kind of coupon');
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
