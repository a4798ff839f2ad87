import { type AccrualRule, Stacking } from '@regulars/contracts/loyalty/v1/accrual_rules';
import { minuteOf, weekdayOf } from './calendar.js';

/** How a rule goes together with others that hold for the same purchase. */
export type StackingWord = 'add' | 'best-of' | 'exclusive';

/** A rule of a published version, ready to decide by (requirement L3). */
export interface Rule {
  /** Its place among the rules of the version, from 1: what entries store of it. */
  readonly number: number;
  readonly nameZh: string;
  readonly nameEn: string;
  readonly gives: NonNullable<AccrualRule['gives']>;
  readonly stacking: StackingWord;
  readonly priority: number;
  /** 0: no cap. */
  readonly mostPoints: number;
  readonly leastMinor: number;
  readonly onBirthday: boolean;
  /** Minutes since midnight; undefined for any time. */
  readonly times: { readonly from: number; readonly until: number } | undefined;
  /** Empty: whatever the tier is. */
  readonly tiers: ReadonlySet<string>;
  /** Neither categories nor skus: every line that counts. */
  readonly categories: ReadonlySet<string>;
  readonly skus: ReadonlySet<string>;
  /** What depends on day, store and channel alone. */
  readonly played: {
    readonly stores: ReadonlySet<string>;
    readonly channels: ReadonlySet<string>;
    readonly weekdays: ReadonlySet<number>;
    readonly daysOfMonth: ReadonlySet<number>;
    readonly fromDate: string;
    readonly untilDate: string;
  };
}

const stackings: Partial<Record<Stacking, StackingWord>> = {
  [Stacking.ADD]: 'add',
  [Stacking.BEST_OF]: 'best-of',
  [Stacking.EXCLUSIVE]: 'exclusive',
};

/** The rules of terms without faults. */
export function rulesOf(rules: readonly AccrualRule[]): Rule[] {
  return rules.map((rule, index) => ruleOf(rule, index + 1));
}

function ruleOf(
  { nameZh, nameEn, when, gives, stacking, priority, mostPoints, code }: AccrualRule,
  number: number,
): Rule {
  const word = stackings[stacking];
  if (!gives || !word) throw new Error(`Rule ${code} was published with faults`);
  const { fromTime = '', untilTime = '' } = when ?? {};
  const hasTimes = fromTime !== '' || untilTime !== '';
  return {
    number,
    nameZh,
    nameEn,
    gives,
    stacking: word,
    priority,
    mostPoints,
    leastMinor: when?.leastMinor ?? 0,
    onBirthday: when?.onBirthday ?? false,
    times: hasTimes ? { from: minuteOf(fromTime || '00:00'), until: minuteOf(untilTime || '24:00') } : undefined,
    tiers: new Set(when?.tiers),
    categories: new Set(when?.categories),
    skus: new Set(when?.skus),
    played: {
      stores: new Set(when?.storeIds),
      channels: new Set(when?.channels),
      weekdays: new Set(when?.weekdays),
      daysOfMonth: new Set(when?.daysOfMonth),
      fromDate: when?.fromDate ?? '',
      untilDate: when?.untilDate ?? '',
    },
  };
}

/** Where and when rules are asked for. */
export interface Scene {
  readonly businessDate: string;
  readonly storeId: string;
  readonly channel: string;
}

const remembered = new WeakMap<readonly Rule[], Map<string, readonly Rule[]>>();

/**
 * The rules that may hold on a day in a store by a channel. The same few scenes come over and over, so that a purchase
 * looks only at rules that are in play, however many a version has.
 */
export function rulesInPlay(rules: readonly Rule[], scene: Scene): readonly Rule[] {
  if (rules.length === 0) return rules;
  const scenes = remembered.get(rules) ?? new Map<string, readonly Rule[]>();
  if (scenes.size === 0) remembered.set(rules, scenes);
  const key = `${scene.businessDate} ${scene.storeId} ${scene.channel}`;
  let inPlay = scenes.get(key);
  if (!inPlay) {
    if (scenes.size > 20_000) scenes.clear();
    inPlay = rules.filter((rule) => isInPlay(rule, scene));
    scenes.set(key, inPlay);
  }
  return inPlay;
}

function isInPlay({ played }: Rule, { businessDate, storeId, channel }: Scene): boolean {
  const { stores, channels, weekdays, daysOfMonth, fromDate, untilDate } = played;
  return (
    allows(stores, storeId) &&
    allows(channels, channel) &&
    (weekdays.size === 0 || weekdays.has(weekdayOf(businessDate))) &&
    allows(daysOfMonth, Number(businessDate.slice(8))) &&
    fromDate <= businessDate &&
    (untilDate === '' || businessDate <= untilDate)
  );
}

/** An empty set allows everything. */
export function allows<Value>(set: ReadonlySet<Value>, value: Value): boolean {
  return set.size === 0 || set.has(value);
}

/** Whether a minute of the day lies in the times of a rule; an end before the beginning goes across midnight. */
export function isWithin(times: Rule['times'], minute: number): boolean {
  if (!times) return true;
  const { from, until } = times;
  return from < until ? minute >= from && minute < until : minute >= from || minute < until;
}
