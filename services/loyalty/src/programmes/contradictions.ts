import { type AccrualRule, type RuleCondition, Stacking } from '@regulars/contracts/loyalty/v1/accrual_rules';
import type { ProgrammeTerms } from '@regulars/contracts/loyalty/v1/programmes';
import { Checks, type Fault } from './checks.js';

/**
 * What cannot be published although each part by itself is well formed (requirement L3): points that end before they are
 * earned, caps that contradict each other, rules that can never hold, and exclusive rules of which nobody could say
 * which one wins.
 *
 * @param effectiveFrom first business date of the version, YYYY-MM-DD
 */
export function contradictionsIn(terms: ProgrammeTerms, effectiveFrom: string): Fault[] {
  const checks = new Checks();
  const { accrual, expiry, rules } = terms;
  if (expiry?.policy?.$case === 'fixedDate') {
    const isAhead = expiry.policy.value >= effectiveFrom;
    checks.that(
      '/terms/expiry/fixedDate',
      isAhead,
      `lies before ${effectiveFrom}: points would end before they are earned`,
    );
  }
  if (accrual && accrual.capPerDay > 0 && accrual.capPerMonth > 0) {
    const fits = accrual.capPerDay <= accrual.capPerMonth;
    checks.that('/terms/accrual/capPerDay', fits, 'is more than the cap of the month');
  }
  rules.forEach((rule, index) => {
    neverHolds(checks, `/terms/rules/${index}/when`, rule.when, terms, effectiveFrom);
    ambiguous(checks, `/terms/rules/${index}/priority`, rule, rules.slice(0, index));
  });
  return checks.faults;
}

function neverHolds(
  checks: Checks,
  at: string,
  when: RuleCondition | undefined,
  { accrual, tiers }: ProgrammeTerms,
  effectiveFrom: string,
): void {
  if (!when) return;
  const { fromDate, untilDate, fromTime, untilTime, categories, skus } = when;
  if (untilDate !== '') {
    checks.that(`${at}/untilDate`, fromDate <= untilDate, 'lies before fromDate: the rule never holds');
    checks.that(`${at}/untilDate`, effectiveFrom <= untilDate, `lies before ${effectiveFrom}: the rule never holds`);
  }
  const hasTimes = fromTime !== '' && untilTime !== '';
  checks.that(`${at}/untilTime`, !hasTimes || fromTime !== untilTime, 'is fromTime: say nothing for the whole day');
  const ladder = new Set(tiers.map(({ code }) => code));
  when.tiers.forEach((tier, index) => {
    checks.that(`${at}/tiers/${index}`, ladder.has(tier), 'stands not in the ladder: the rule never holds');
  });
  const excludedCategories = new Set(accrual?.excludedCategories);
  const excludedSkus = new Set(accrual?.excludedSkus);
  categories.forEach((category, index) => {
    checks.that(`${at}/categories/${index}`, !excludedCategories.has(category), 'is excluded from points by accrual');
  });
  skus.forEach((sku, index) => {
    checks.that(`${at}/skus/${index}`, !excludedSkus.has(sku), 'is excluded from points by accrual');
  });
}

function ambiguous(checks: Checks, at: string, rule: AccrualRule, before: readonly AccrualRule[]): void {
  if (rule.stacking !== Stacking.EXCLUSIVE) return;
  const rival = before.find(
    (other) =>
      other.stacking === Stacking.EXCLUSIVE && other.priority === rule.priority && mayMeet(other.when, rule.when),
  );
  if (rival) checks.fault(at, `is that of ${rival.code}, which is exclusive too and may hold for the same purchase`);
}

/** Whether two conditions can hold for the same purchase, as far as days, places and tiers tell. */
function mayMeet(one: RuleCondition | undefined, other: RuleCondition | undefined): boolean {
  if (!one || !other) return true;
  const sets = ['tiers', 'storeIds', 'channels', 'weekdays', 'daysOfMonth'] as const;
  if (sets.some((name) => areApart(one[name], other[name]))) return false;
  const isBefore = (a: RuleCondition, b: RuleCondition) => a.untilDate !== '' && a.untilDate < b.fromDate;
  return !isBefore(one, other) && !isBefore(other, one);
}

function areApart(one: readonly (string | number)[], other: readonly (string | number)[]): boolean {
  return one.length > 0 && other.length > 0 && !one.some((value) => other.includes(value));
}
