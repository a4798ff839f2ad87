import { type SpendableLot, spendOldestFirst, type TakenFromLot } from '../points/spending.js';
import type { ProgrammeBefore } from './before.js';

/** A lot as it stands. */
export interface StandingLot extends SpendableLot {
  /** What was spent of it, less what came back. */
  readonly spent: number;
}

/** What the survivor has in a programme when the merge is undone. */
export interface Pooled {
  readonly debt: number;
  /** Lots that the merged member had, or earned since by her own number. */
  readonly theirLots: readonly StandingLot[];
  /** All others that have points left. */
  readonly ownLots: readonly SpendableLot[];
}

/** How two members part. */
export interface Parting {
  /** Whether both have what they would have without the merge. */
  readonly isExact: boolean;
  /** Points that the merged member takes along, less what she owes. */
  readonly points: number;
  readonly debt: number;
  /** What was spent of her lots since and comes back to them. */
  readonly madeGood: readonly TakenFromLot[];
  /** What the survivor has to make it good with. */
  readonly fromOwnLots: readonly TakenFromLot[];
  /** What is missing then: the survivor owes it. */
  readonly owed: number;
}

/**
 * Parts what two members had together (requirement M5). Every lot goes back to whom it belongs, as it stands. While
 * nothing of the merged member's was spent and nothing was paid of what either owed, that is exact. Otherwise what was
 * spent counts as the survivor's: she makes it good out of her own lots, oldest expiry first, and owes the rest; points
 * that have ended meanwhile would have ended anyway and are not made good.
 */
export function part(before: ProgrammeBefore, pooled: Pooled, nowMs: number): Parting {
  const spentBefore = new Map(before.lots);
  const spent = pooled.theirLots
    .map((lot) => ({ ...lot, points: lot.spent - (spentBefore.get(lot.lotId) ?? 0) }))
    .filter(({ points }) => points > 0);
  const isExact = spent.length === 0 && pooled.debt === before.survivorDebt + before.mergedDebt;
  const madeGood = spent.filter(({ expiresMs = Number.POSITIVE_INFINITY }) => expiresMs > nowMs);
  const missing = sum(madeGood.map(({ points }) => points));
  const own = pooled.ownLots.filter(({ expiresMs = Number.POSITIVE_INFINITY }) => expiresMs > nowMs);
  const affordable = Math.min(missing, sum(own.map(({ remaining }) => remaining)));
  const paying = spendOldestFirst(own, 0, affordable, nowMs);
  const debt = Math.min(pooled.debt, before.mergedDebt);
  return {
    isExact,
    points: sum(pooled.theirLots.map(({ remaining }) => remaining)) + missing - debt,
    debt,
    madeGood: madeGood.map(({ lotId, points, expiresMs }) => ({ lotId, points, expiresMs })),
    fromOwnLots: paying.outcome === 'taken' ? paying.fromLots : [],
    owed: missing - affordable,
  };
}

/** Lots that were spent from under another name from now on. */
export function renamed(
  fromLots: readonly TakenFromLot[],
  names: ReadonlyMap<string, string>,
): readonly TakenFromLot[] {
  return fromLots.map((lot) => ({ ...lot, lotId: names.get(lot.lotId) ?? lot.lotId }));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
