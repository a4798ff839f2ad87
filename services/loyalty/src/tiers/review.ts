import { daysAfter, daysBefore, monthsAfter } from '../programmes/calendar.js';
import type { Policy } from '../programmes/policy.js';
import { standingOn, tierPeriodBegins } from './ladder.js';

/** A tier that is kept until a review (requirement L7). */
export interface KeptTier {
  readonly tier: string;
  /** First date of it. */
  readonly since: string;
  /** As of which date spending supported it; undefined when a person granted it. */
  readonly basisOn: string | undefined;
  /** Last date on which it is kept whatever is spent; undefined for the lowest. */
  readonly until: string | undefined;
  readonly stage: 'kept' | 'noticed' | 'grace';
  /** On this date something has to be decided. */
  readonly dueOn: string | undefined;
}

/** What happened to a tier, as it is stored and told. */
export interface TierChange {
  readonly kind: 'promoted' | 'kept' | 'noticed' | 'grace' | 'downgraded' | 'revoked' | 'granted';
  readonly fromTier: string;
  readonly toTier: string;
  readonly happenedOn: string;
  /** Last date on which the tier is kept; undefined for the lowest. For a notice, until when spending saves it. */
  readonly keptUntil: string | undefined;
  /** First and last date whose purchases counted. */
  readonly countedFrom: string;
  readonly countedUntil: string;
  readonly spentMinor: number;
  /** What still has to be spent to keep the tier, minor units. */
  readonly missingMinor: number;
}

/** What a review comes to: the tier from now on, and what is told, if anything. */
export interface Reviewed {
  readonly kept: KeptTier;
  readonly change: TierChange | undefined;
}

type Ladder = Pick<Policy, 'tiers' | 'tierPeriodMonths'>;
type Reviews = Ladder & { readonly tierReview: NonNullable<Policy['tierReview']> };

/** What counted between two dates, both inclusive, minor units; less what was refunded of it. */
export type SpentBetween = (from: string, until: string) => number;

/** Whether a programme reviews tiers; in others a tier is that of what was spent in the period, no longer. */
export function hasReviews(policy: Policy): policy is Policy & Reviews {
  return policy.tierReview !== undefined;
}

/** The dates whose purchases count for the tier of a date, both inclusive. */
export function countedDates(policy: Pick<Policy, 'tierPeriodMonths'>, date: string): { from: string; until: string } {
  return { from: daysAfter(tierPeriodBegins(policy, date), 1), until: date };
}

/** A tier that is reached or kept on a date: until when, and when to look at it again. */
export function keptFrom({ tiers, tierReview }: Reviews, tier: string, since: string, on: string): KeptTier {
  if (tiers[0]?.code === tier) {
    return { tier, since, basisOn: on, until: undefined, stage: 'kept', dueOn: undefined };
  }
  const until = monthsAfter(on, tierReview.everyMonths);
  return { tier, since, basisOn: on, until, stage: 'kept', dueOn: daysBefore(until, tierReview.noticeDays) };
}

/** The dates between which a review asks what was spent; asked for before, because many are reviewed together. */
export function datesAsked(policy: Reviews, kept: KeptTier, today: string): { from: string; until: string }[] {
  const dates = [today];
  if (kept.basisOn) dates.push(kept.basisOn);
  if (kept.until) dates.push(kept.until, daysAfter(kept.until, policy.tierReview.graceDays));
  return [...new Set(dates)].map((date) => countedDates(policy, date));
}

/**
 * Decides what is due about a tier (requirement L7). A promotion whose purchases were refunded is revoked at once.
 * Before the review, a member who would lose the tier is told what to spend by when. A review looks at the period that
 * ends with its date, however late it runs; one that fails is followed by days of grace and then by a downgrade to
 * the tier that was earned. Neither redemption nor expiry plays a part: what counts is what was spent.
 */
export function reviewTier(policy: Reviews, kept: KeptTier, today: string, spentBetween: SpentBetween): Reviewed {
  const needed = policy.tiers.find(({ code }) => code === kept.tier)?.fromSpentMinor;
  const on = (date: string) => {
    const { from, until } = countedDates(policy, date);
    return { date, from, until, spentMinor: spentBetween(from, until) };
  };
  if (needed === undefined) return fall(policy, kept, 'downgraded', today, on(today));
  if (kept.basisOn && on(kept.basisOn).spentMinor < needed && on(today).spentMinor < needed) {
    return fall(policy, kept, 'revoked', today, on(today));
  }
  const { until } = kept;
  if (!until) return { kept: { ...kept, dueOn: undefined }, change: undefined };
  const noticeOn = daysBefore(until, policy.tierReview.noticeDays);
  if (today < noticeOn) return { kept: { ...kept, dueOn: noticeOn }, change: undefined };
  const lastDay = daysAfter(until, policy.tierReview.graceDays);
  if (today <= until) return notice(kept, today, until, lastDay, needed, on(lastDay));
  const review = kept.stage === 'grace' ? on(lastDay) : on(until);
  if (review.spentMinor >= needed) return keep(policy, kept, until, review);
  if (today > lastDay) {
    const last = on(lastDay);
    return last.spentMinor >= needed
      ? keep(policy, kept, until, last)
      : fall(policy, kept, 'downgraded', lastDay, last);
  }
  const missingMinor = needed - on(lastDay).spentMinor;
  const inGrace = { ...kept, stage: 'grace', dueOn: daysAfter(lastDay, 1) } as const;
  if (kept.stage === 'grace') return { kept: inGrace, change: undefined };
  return { kept: inGrace, change: told(kept, 'grace', today, lastDay, review, missingMinor) };
}

type Counted = { readonly date: string; readonly from: string; readonly until: string; readonly spentMinor: number };

function notice(
  kept: KeptTier,
  today: string,
  until: string,
  lastDay: string,
  needed: number,
  counted: Counted,
): Reviewed {
  const missingMinor = needed - counted.spentMinor;
  const dueOn = daysAfter(until, 1);
  if (missingMinor <= 0 || kept.stage !== 'kept') return { kept: { ...kept, dueOn }, change: undefined };
  const change = told(kept, 'noticed', today, lastDay, counted, missingMinor);
  return { kept: { ...kept, stage: 'noticed', dueOn }, change };
}

function told(
  { tier }: KeptTier,
  kind: TierChange['kind'],
  happenedOn: string,
  keptUntil: string | undefined,
  { from: countedFrom, until: countedUntil, spentMinor }: Counted,
  missingMinor: number,
): TierChange {
  return {
    kind,
    fromTier: tier,
    toTier: tier,
    happenedOn,
    keptUntil,
    countedFrom,
    countedUntil,
    spentMinor,
    missingMinor,
  };
}

function keep(policy: Reviews, kept: KeptTier, on: string, counted: Counted): Reviewed {
  const next = { ...keptFrom(policy, kept.tier, kept.since, on), basisOn: counted.date };
  return { kept: next, change: told(kept, 'kept', on, next.until, counted, 0) };
}

function fall(policy: Reviews, kept: KeptTier, kind: 'downgraded' | 'revoked', on: string, counted: Counted): Reviewed {
  const { tier } = standingOn(policy.tiers, counted.spentMinor);
  const next = keptFrom(policy, tier.code, on, on);
  const change = { ...told(kept, kind, on, next.until, counted, 0), toTier: tier.code };
  return { kept: next, change };
}
