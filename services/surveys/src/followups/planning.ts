import { Temporal } from 'temporal-polyfill';

/** A member is asked at most once in so many days (requirement S4). */
const intervalDays = 30;
const dayMs = 86_400_000;
/** A visit is asked about within a week (requirement S4), and not before the day after. */
const askAfterDays = 1;
const askWithinDays = 7;
/** From when until when people are asked, on the clock of the store. */
const daytime = { from: Temporal.PlainTime.from('10:00'), until: Temporal.PlainTime.from('20:00') };

/** A purchase that may be asked about. */
export interface Visit {
  readonly rungAt: Date;
  /** IANA zone of the store; undefined while the store has not been told here. */
  readonly timeZone: string | undefined;
}

export type Plan =
  | {
      readonly outcome: 'planned';
      readonly dueAt: Date;
      /** From then on it is too late to ask. */
      readonly askUntil: Date;
    }
  | { readonly outcome: 'skipped'; readonly reason: 'ASKED_RECENTLY' | 'OPEN_COMPLAINT' | 'TOO_LATE' };

/**
 * Whether and when a member is asked about a visit (requirement S4): at the same hour a day later, moved into the
 * store's daytime.
 */
export function plan(visit: Visit, member: Asked, now: Date): Plan {
  if (member.hasOpenComplaint) return { outcome: 'skipped', reason: 'OPEN_COMPLAINT' };
  if (isClearlyRecent(visit, member.lastDueAt, now)) return { outcome: 'skipped', reason: 'ASKED_RECENTLY' };
  const zone = visit.timeZone ?? 'UTC';
  const rungAt = zoned(visit.rungAt, zone);
  const askUntil = dateOf(rungAt.add({ days: askWithinDays }));
  const wanted = dateOf(rungAt.add({ days: askAfterDays }));
  const dueAt = inDaytime(wanted > now ? wanted : now, zone);
  if (dueAt >= askUntil) return { outcome: 'skipped', reason: 'TOO_LATE' };
  if (isTooSoon(member.lastDueAt, dueAt, zone)) {
    return { outcome: 'skipped', reason: 'ASKED_RECENTLY' };
  }
  return { outcome: 'planned', dueAt, askUntil };
}

/**
 * Whether the member was asked so lately that no calendar is needed to see it: most purchases are of this kind, and the
 * calendar costs more than all the rest of them. Daytime moves a follow-up by less than a day and a zone's clock by
 * less than another.
 */
function isClearlyRecent(visit: Visit, lastDueAt: Date | undefined, now: Date): boolean {
  if (!lastDueAt) return false;
  const latestDueAtMs = Math.max(visit.rungAt.getTime() + askAfterDays * dayMs, now.getTime()) + 2 * dayMs;
  return lastDueAt.getTime() + (intervalDays - 1) * dayMs > latestDueAtMs;
}

/** A person as far as a follow-up looks at her. */
export interface Asked {
  /** When she was last asked; for a plan, when she is or was last to be. */
  readonly lastDueAt: Date | undefined;
  readonly hasOpenComplaint: boolean;
}

export type Turn =
  | { readonly outcome: 'ask' }
  | { readonly outcome: 'postponed'; readonly dueAt: Date }
  | { readonly outcome: 'lapsed' };

/**
 * What becomes of a follow-up whose time has come: much may have happened since it was planned. A complaint, a merge with
 * somebody who was asked in the meantime (requirement M5) or the end of the week lets it lapse; at night, or while the store's zone is not known, it waits.
 */
export function turn(
  followUp: { readonly askUntil: Date; readonly timeZone: string | undefined },
  { hasOpenComplaint, lastDueAt }: Asked,
  now: Date,
): Turn {
  const { timeZone, askUntil } = followUp;
  const next = timeZone === undefined ? hoursAfter(now, 1) : inDaytime(now, timeZone);
  const isNotWanted = hasOpenComplaint || isTooSoon(lastDueAt, now, timeZone ?? 'UTC');
  if (isNotWanted || now >= askUntil || next >= askUntil) return { outcome: 'lapsed' };
  return next > now ? { outcome: 'postponed', dueAt: next } : { outcome: 'ask' };
}

/** Whether somebody who was asked at a time cannot be asked again yet at another. */
function isTooSoon(lastDueAt: Date | undefined, at: Date, zone: string): boolean {
  return lastDueAt !== undefined && dateOf(zoned(lastDueAt, zone).add({ days: intervalDays })) > at;
}

/** The moment itself in daytime, else the next beginning of daytime. */
function inDaytime(at: Date, zone: string): Date {
  const local = zoned(at, zone);
  const time = local.toPlainTime();
  if (Temporal.PlainTime.compare(time, daytime.from) < 0) return dateOf(local.withPlainTime(daytime.from));
  if (Temporal.PlainTime.compare(time, daytime.until) < 0) return at;
  return dateOf(local.add({ days: 1 }).withPlainTime(daytime.from));
}

function hoursAfter(at: Date, hours: number): Date {
  return dateOf(zoned(at, 'UTC').add({ hours }));
}

function zoned(at: Date, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone);
}

function dateOf(at: Temporal.ZonedDateTime): Date {
  return new Date(at.epochMilliseconds);
}
