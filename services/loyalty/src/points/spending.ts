/** A lot as it can be spent from. */
export interface SpendableLot {
  readonly lotId: string;
  readonly remaining: number;
  /** Epoch milliseconds; undefined for never. */
  readonly expiresMs: number | undefined;
}

/** Points taken from a lot. */
export interface TakenFromLot {
  readonly lotId: string;
  readonly points: number;
  /** When the lot ends, epoch milliseconds; undefined for never. */
  readonly expiresMs: number | undefined;
}

export type Spending =
  | { readonly outcome: 'taken'; readonly fromLots: readonly TakenFromLot[] }
  | { readonly outcome: 'refused'; readonly spendable: number };

/**
 * Takes points from lots, oldest expiry first (requirement L5), lots that never end last. What has ended counts no more,
 * whether or not that is booked; what is owed is not there to be spent.
 */
export function spendOldestFirst(lots: readonly SpendableLot[], debt: number, points: number, nowMs: number): Spending {
  const live = lots.filter((lot) => endOf(lot) > nowMs);
  const spendable = Math.max(0, live.reduce((sum, { remaining }) => sum + remaining, 0) - debt);
  if (spendable < points) return { outcome: 'refused', spendable };
  const fromLots: TakenFromLot[] = [];
  let left = points;
  for (const lot of live.sort(oldestFirst)) {
    if (left === 0) break;
    const taken = Math.min(left, lot.remaining);
    if (taken > 0) fromLots.push({ lotId: lot.lotId, points: taken, expiresMs: lot.expiresMs });
    left -= taken;
  }
  return { outcome: 'taken', fromLots };
}

/** Points that come back, and those that do not because their lot has ended meanwhile. */
export interface GivingBack {
  readonly intoLots: readonly TakenFromLot[];
  readonly endedInLots: readonly TakenFromLot[];
}

/**
 * Which lots get points back that were taken from them (requirements L6, L8): what was taken last comes back first, so
 * that giving back in parts and at once come to the same. Points never outlive the lot they were earned in: giving back
 * is no way to make them last longer.
 *
 * @param returned points that were given back before
 */
export function giveBackLatestFirst(
  fromLots: readonly TakenFromLot[],
  returned: number,
  points: number,
  nowMs: number,
): GivingBack {
  let skip = returned;
  let left = points;
  const back: TakenFromLot[] = [];
  for (const lot of [...fromLots].reverse()) {
    const skipped = Math.min(skip, lot.points);
    const given = Math.min(left, lot.points - skipped);
    skip -= skipped;
    left -= given;
    if (given > 0) back.push({ ...lot, points: given });
  }
  return {
    intoLots: back.filter((lot) => endOf(lot) > nowMs),
    endedInLots: back.filter((lot) => endOf(lot) <= nowMs),
  };
}

function oldestFirst(one: SpendableLot, other: SpendableLot): number {
  if (endOf(one) !== endOf(other)) return endOf(one) < endOf(other) ? -1 : 1;
  return one.lotId < other.lotId ? -1 : 1;
}

function endOf({ expiresMs }: { readonly expiresMs: number | undefined }): number {
  return expiresMs ?? Number.POSITIVE_INFINITY;
}
