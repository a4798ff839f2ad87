import { share } from '@regulars/amounts';

/** A line of a receipt, and how much of it counted for points. */
export interface EarnedLine {
  readonly quantityMilli: number;
  readonly amountMinor: number;
  /** Lines of excluded categories earned nothing: giving them back takes nothing. */
  readonly counts: boolean;
  /** What the line stands for, in ten-thousandths of points, where rules made that differ from what it cost. */
  readonly weight?: number | undefined;
}

/** Quantity and money of a line, as given back so far. */
export interface GivenBack {
  readonly quantityMilli: number;
  readonly amountMinor: number;
}

/** A lot that the receipt earned, as it stands. */
export interface EarnedLot {
  readonly lotId: string;
  readonly remaining: number;
  readonly expired: number;
  /** Epoch milliseconds; undefined for never. */
  readonly expiresMs: number | undefined;
}

/** What a receipt earned and what of it was given back before. */
export interface EarnedByReceipt {
  /** Points booked for it; 0 while nobody is credited. */
  readonly points: number;
  readonly lines: readonly EarnedLine[];
  /** Given back so far, by line. */
  readonly refunded: readonly GivenBack[];
  /** What of that was given back before the points were booked, so that they do not stand for it. */
  readonly refundedUncredited: readonly GivenBack[];
  readonly lots: readonly EarnedLot[];
}

/** Lines to give back; empty means the whole purchase. */
export type ToRefund = readonly {
  readonly line: number;
  readonly quantityMilli: number;
  readonly amountMinor: number;
}[];

export type TakeBack =
  | {
      readonly outcome: 'taken-back';
      /** Latest expiry first. */
      readonly fromLots: readonly { readonly lotId: string; readonly taken: number; readonly forgiven: number }[];
      /** Points that were spent already. */
      readonly owed: number;
      /** Given back so far, with this refund. */
      readonly refunded: readonly GivenBack[];
      readonly refundedMinor: number;
      /** What of it had counted for points and tier. */
      readonly countedMinor: number;
    }
  | { readonly outcome: 'refused'; readonly reason: 'MORE_THAN_BOUGHT' | 'ALREADY_REFUNDED' | 'UNKNOWN_LINE' };

/**
 * What a refund takes back (requirement L6).
 *
 * Rounding is on the running total, not on each refund: five refunds of one fifth take back as many points as one
 * refund of everything, so splitting a refund never pays. What was already spent is `owed`; whether the balance may go
 * below zero for it is the programme's policy, not decided here. Points that ended unused are gone already and are
 * neither taken nor owed.
 */
export function takeBack(earned: EarnedByReceipt, toRefund: ToRefund): TakeBack {
  const before = earned.lines.map((_, line) => earned.refunded[line] ?? nothing);
  if (earned.lines.every((line, index) => isWhole(line, before[index] ?? nothing))) {
    return { outcome: 'refused', reason: 'ALREADY_REFUNDED' };
  }
  const back = toRefund.length === 0 ? wholePurchase(earned.lines) : toRefund;
  if (back.some(({ line }) => !earned.lines[line])) return { outcome: 'refused', reason: 'UNKNOWN_LINE' };
  const refunded = before.map((sum, index) =>
    plus(
      sum,
      back.filter(({ line }) => line === index),
    ),
  );
  if (earned.lines.some((line, index) => exceeds(refunded[index] ?? nothing, line))) {
    return { outcome: 'refused', reason: 'MORE_THAN_BOUGHT' };
  }
  const due = pointsFor(earned, refunded) - pointsFor(earned, before);
  const { fromLots, owed } = fromLatest(earned.lots, due);
  return {
    outcome: 'taken-back',
    fromLots,
    owed,
    refunded,
    refundedMinor: sumOf(refunded) - sumOf(before),
    countedMinor: counted(earned, refunded) - counted(earned, before),
  };
}

const nothing: GivenBack = { quantityMilli: 0, amountMinor: 0 };

function isWhole(line: EarnedLine, back: GivenBack): boolean {
  return back.quantityMilli === line.quantityMilli && back.amountMinor === line.amountMinor;
}

function wholePurchase(lines: readonly EarnedLine[]): ToRefund {
  return lines.map(({ quantityMilli, amountMinor }, line) => ({ line, quantityMilli, amountMinor }));
}

function plus(sum: GivenBack, more: readonly GivenBack[]): GivenBack {
  return more.reduce<GivenBack>(
    ({ quantityMilli, amountMinor }, next) => ({
      quantityMilli: quantityMilli + next.quantityMilli,
      amountMinor: amountMinor + next.amountMinor,
    }),
    sum,
  );
}

function exceeds(back: GivenBack, line: EarnedLine): boolean {
  return back.quantityMilli > line.quantityMilli || back.amountMinor > line.amountMinor;
}

function counted({ lines }: EarnedByReceipt, back: readonly GivenBack[]): number {
  return lines.reduce((sum, line, index) => sum + (line.counts ? (back[index]?.amountMinor ?? 0) : 0), 0);
}

function sumOf(back: readonly GivenBack[]): number {
  return back.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}

/** Points that stand for all that was given back since they were booked; all of them once everything is. */
function pointsFor(earned: EarnedByReceipt, back: readonly GivenBack[]): number {
  const basis = stoodFor(earned, earned.lines);
  if (basis === 0) return 0;
  return share(earned.points, { of: stoodFor(earned, back), per: basis }, 'down');
}

/** What was given back since the points were booked, by what counted or, where rules made it differ, by what it earned. */
function stoodFor({ lines, refundedUncredited }: EarnedByReceipt, back: readonly GivenBack[]): number {
  return lines.reduce((sum, line, index) => {
    const uncredited = refundedUncredited[index] ?? nothing;
    const since = minus(back[index] ?? nothing, uncredited);
    if (line.weight === undefined) return sum + (line.counts ? since.amountMinor : 0);
    const left = minus(line, uncredited);
    const by = left.amountMinor > 0 ? 'amountMinor' : 'quantityMilli';
    return sum + (left[by] > 0 ? share(line.weight, { of: since[by], per: left[by] }, 'down') : 0);
  }, 0);
}

function minus(one: GivenBack, other: GivenBack): GivenBack {
  return {
    quantityMilli: one.quantityMilli - other.quantityMilli,
    amountMinor: one.amountMinor - other.amountMinor,
  };
}

function fromLatest(lots: readonly EarnedLot[], due: number) {
  let owed = due;
  const latestFirst = [...lots].sort((a, b) => (endOf(a) === endOf(b) ? 0 : endOf(a) < endOf(b) ? 1 : -1));
  const fromLots = latestFirst.map(({ lotId, remaining, expired }) => {
    const taken = Math.min(owed, remaining);
    const forgiven = Math.min(owed - taken, expired);
    owed -= taken + forgiven;
    return { lotId, taken, forgiven };
  });
  return { fromLots: fromLots.filter(({ taken, forgiven }) => taken + forgiven > 0), owed };
}

function endOf(lot: EarnedLot): number {
  return lot.expiresMs ?? Number.POSITIVE_INFINITY;
}
