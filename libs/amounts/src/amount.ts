declare const unit: unique symbol;

/** Money in minor units of its currency (fen, cents): a safe integer that was checked where it entered. */
export type Minor = number & { readonly [unit]: 'minor' };

/** Loyalty points: a safe integer that was checked where it entered. */
export type Points = number & { readonly [unit]: 'points' };

/** A number that is no amount: a fraction, NaN, or beyond ±(2^53 − 1). */
export class InvalidAmount extends Error {
  constructor(value: number, kind: string) {
    super(`${value} is no amount of ${kind}: a whole number between ±${Number.MAX_SAFE_INTEGER} is expected`);
    this.name = 'InvalidAmount';
  }
}

/** Takes a number as minor units. @throws InvalidAmount for fractions and unsafe numbers */
export function minor(value: number): Minor {
  if (!Number.isSafeInteger(value)) throw new InvalidAmount(value, 'minor units');
  return (value === 0 ? 0 : value) as Minor;
}

/** Takes a number as points. @throws InvalidAmount for fractions and unsafe numbers */
export function points(value: number): Points {
  if (!Number.isSafeInteger(value)) throw new InvalidAmount(value, 'points');
  return (value === 0 ? 0 : value) as Points;
}
