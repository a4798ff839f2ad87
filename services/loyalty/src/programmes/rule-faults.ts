import { type AccrualRule, type RuleCondition, Stacking } from '@regulars/contracts/loyalty/v1/accrual_rules';
import { isDate, isTime } from './calendar.js';
import { type Checks, isUuid, MOST_MINOR } from './checks.js';

const MOST_POINTS = 1_000_000;

/** What is wrong with each rule by itself (requirement L3). */
export function ruleFaults(checks: Checks, rules: readonly AccrualRule[]): void {
  checks.that('/terms/rules', rules.length <= 200, 'expected at most 200 rules');
  rules.forEach((rule, index) => {
    const at = `/terms/rules/${index}`;
    checks.that(`${at}/code`, /^[a-z0-9-]{1,32}$/.test(rule.code), 'expected 1 to 32 of a-z, 0-9 and dashes');
    const isFirst = rules.findIndex(({ code }) => code === rule.code) === index;
    checks.that(`${at}/code`, isFirst, 'is the code of another rule already');
    checks.text(`${at}/nameZh`, rule.nameZh, 40);
    checks.text(`${at}/nameEn`, rule.nameEn, 40);
    const isStacking = [Stacking.ADD, Stacking.BEST_OF, Stacking.EXCLUSIVE].includes(rule.stacking);
    checks.that(`${at}/stacking`, isStacking, 'expected add, best of or exclusive');
    checks.range(`${at}/priority`, rule.priority, 0, 1_000);
    checks.range(`${at}/mostPoints`, rule.mostPoints, 0, MOST_MINOR);
    giftFaults(checks, at, rule.gives);
    if (rule.when) conditionFaults(checks, `${at}/when`, rule.when);
  });
}

function giftFaults(checks: Checks, at: string, gives: AccrualRule['gives']): void {
  switch (gives?.$case) {
    case 'multiplierPercent':
      checks.range(`${at}/multiplierPercent`, gives.value, 101, 10_000);
      break;
    case 'perAmount':
      checks.range(`${at}/perAmount/points`, gives.value.points, 1, MOST_POINTS);
      checks.range(`${at}/perAmount/perMinor`, gives.value.perMinor, 1, MOST_MINOR);
      break;
    case 'pointsPerVisit':
    case 'pointsPerUnit':
      checks.range(`${at}/${gives.$case}`, gives.value, 1, MOST_POINTS);
      break;
    case undefined:
      checks.fault(at, 'gives nothing');
  }
}

function conditionFaults(checks: Checks, at: string, when: RuleCondition): void {
  const each = <Value>(name: string, values: readonly Value[], holds: (value: Value) => boolean, message: string) =>
    values.forEach((value, index) => {
      checks.that(`${at}/${name}/${index}`, holds(value), message);
    });
  const isShort = (text: string) => text.trim().length > 0 && text.length <= 64;
  each('categories', when.categories, isShort, 'expected 1 to 64 characters');
  each('skus', when.skus, isShort, 'expected 1 to 64 characters');
  each('tiers', when.tiers, isShort, 'expected 1 to 64 characters');
  each('channels', when.channels, isShort, 'expected 1 to 64 characters');
  each('storeIds', when.storeIds, isUuid, 'is no UUID');
  each('weekdays', when.weekdays, (day) => isWeekday(day), 'is no day of the week');
  each('daysOfMonth', when.daysOfMonth, (day) => day >= 1 && day <= 31, 'is no day of a month');
  for (const name of ['fromDate', 'untilDate'] as const) {
    checks.that(`${at}/${name}`, when[name] === '' || isDate(when[name]), 'is no date, YYYY-MM-DD');
  }
  for (const name of ['fromTime', 'untilTime'] as const) {
    checks.that(`${at}/${name}`, when[name] === '' || isTime(when[name]), 'is no time, HH:MM');
  }
  checks.range(`${at}/leastMinor`, when.leastMinor, 0, MOST_MINOR);
}

function isWeekday(day: number): boolean {
  return day >= 1 && day <= 7;
}
