import { z } from 'zod';
import { endOfPointsMs } from '../points/lots.js';
import { endOfDayMs } from '../programmes/calendar.js';
import type { Policy } from '../programmes/policy.js';

/** Points that end together. */
export interface BroughtLot {
  readonly points: number;
  /** When they end, epoch milliseconds; null for never. */
  readonly expiresMs: number | null;
}

/** What counted on a day for caps and tiers. */
export interface BroughtDay {
  readonly date: string;
  readonly spentMinor: number;
  readonly points: number;
}

/** What somebody brings along. */
export interface Brought {
  readonly lots: readonly BroughtLot[];
  readonly tier: { readonly code: string; readonly until: string } | null;
  readonly history: readonly BroughtDay[];
}

/** A row that can be booked once its member is known. */
export interface ReadRow {
  readonly line: number;
  readonly externalId: string;
  /** Null for one who was registered from a file of the same source. */
  readonly memberNumber: string | null;
  readonly brought: Brought;
  /** As it stands in the file: whether a row is the same one again. */
  readonly told: object;
}

/** Why a row was not taken; one for each fault. */
export interface Rejection {
  readonly line: number;
  readonly pointer: string;
  readonly reason: string;
  readonly message: string;
}

/** By what a row is judged. */
export interface Ground {
  readonly policy: Policy;
  /** In the programme's zone. */
  readonly today: string;
  readonly nowMs: number;
}

const date = z.iso.date('a date, YYYY-MM-DD');
const points = z.int('a whole number').min(1, '1 or more').max(1_000_000_000, 'at most 1000000000');
const amount = z.int('a whole number').min(0, '0 or more').max(1_000_000_000_000, 'at most 1000000000000');

const rowOfFile = z.strictObject({
  externalId: z.string().regex(/^[\x21-\x7e\p{L}\p{N}]{1,128}$/u, '1 to 128 letters, digits or signs'),
  memberNumber: z
    .string()
    .regex(/^[0-9A-Za-z-]{1,32}$/, 'the number of a member')
    .optional(),
  lots: z
    .array(z.strictObject({ points, earnedOn: date.optional(), expiresOn: date.nullable().optional() }))
    .max(200, 'at most 200')
    .default([]),
  tier: z.string().max(40).optional(),
  tierUntil: date.optional(),
  history: z
    .array(z.strictObject({ date, spentMinor: amount, points: amount.default(0) }))
    .max(800, 'at most 800')
    .default([]),
});
type RowOfFile = z.output<typeof rowOfFile>;

/** The points that somebody brings along. */
export function pointsOf({ lots }: Pick<Brought, 'lots'>): number {
  return lots.reduce((sum, lot) => sum + lot.points, 0);
}

/**
 * A row as it can be booked, or every fault of it (requirement L16). A lot keeps the end that it is told to have
 * (`expiresOn`, its last day; null: never); one without ends as the programme says, as if it were earned here on `earnedOn`.
 */
export function readRow(line: number, text: string, ground: Ground): ReadRow | readonly Rejection[] {
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    return [{ line, pointer: '', reason: 'MALFORMED_JSON', message: 'a JSON object on one line is expected' }];
  }
  if (text.includes('\ufffd')) return [{ line, pointer: '', reason: 'UNREADABLE', message: 'UTF-8 is expected' }];
  const parsed = rowOfFile.safeParse(fields);
  if (!parsed.success) {
    return parsed.error.issues.map(({ path, message }) => ({
      line,
      pointer: path.map((step) => `/${String(step)}`).join(''),
      reason: 'MALFORMED',
      message,
    }));
  }
  const row = parsed.data;
  const faults = faultsOf(row, ground).map((fault) => ({ line, ...fault }));
  if (faults.length > 0) return faults;
  const { externalId, memberNumber = null, tier, tierUntil, history } = row;
  const isKept = tier !== undefined && tierUntil !== undefined && tier !== ground.policy.tiers[0]?.code;
  const lots = row.lots.map((lot) => ({ points: lot.points, expiresMs: endOf(lot, ground) ?? null }));
  const brought = { lots, tier: isKept ? { code: tier, until: tierUntil } : null, history };
  return { line, externalId, memberNumber, brought, told: row };
}

function endOf({ earnedOn, expiresOn }: RowOfFile['lots'][number], { policy, today }: Ground): number | undefined {
  if (expiresOn === null) return undefined;
  if (expiresOn !== undefined) return endOfDayMs(expiresOn, policy.timeZone);
  return endOfPointsMs(policy, earnedOn ?? today);
}

function faultsOf(row: RowOfFile, ground: Ground): Omit<Rejection, 'line'>[] {
  const { policy, today, nowMs } = ground;
  const faults: Omit<Rejection, 'line'>[] = [];
  const fault = (pointer: string, reason: string, message: string) => faults.push({ pointer, reason, message });
  row.lots.forEach((lot, index) => {
    const { earnedOn, expiresOn } = lot;
    const end = endOf(lot, ground);
    if (earnedOn !== undefined && earnedOn > today) {
      fault(`/lots/${index}/earnedOn`, 'MALFORMED', 'today or earlier');
    } else if (end !== undefined && end <= nowMs) {
      const pointer = expiresOn ? 'expiresOn' : 'earnedOn';
      fault(`/lots/${index}/${pointer}`, 'ENDED', 'points that have ended are not brought in');
    }
  });
  const days = new Set(row.history.map((day) => day.date));
  if (days.size < row.history.length) fault('/history', 'MALFORMED', 'every date once');
  row.history.forEach((day, index) => {
    if (day.date > today) fault(`/history/${index}/date`, 'MALFORMED', 'today or earlier');
  });
  if (row.tier === undefined && row.tierUntil !== undefined) fault('/tier', 'MALFORMED', 'is needed with tierUntil');
  if (row.tier !== undefined) {
    const { tier, tierUntil } = row;
    if (!policy.tiers.some(({ code }) => code === tier)) fault('/tier', 'TIER_UNKNOWN', 'stands not in the ladder');
    else if (!policy.tierReview)
      fault('/tier', 'TIERS_NOT_KEPT', 'follows from the history: the version has no reviews');
    else if (tierUntil === undefined) fault('/tierUntil', 'MALFORMED', 'is needed with tier');
    else if (tierUntil < today) fault('/tierUntil', 'ENDED', 'today or later');
  }
  if (row.lots.length === 0 && row.history.length === 0 && row.tier === undefined) {
    fault('', 'MALFORMED', 'lots, history or a tier are expected');
  }
  return faults;
}
