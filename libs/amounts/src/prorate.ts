import { InvalidAmount } from './amount.js';

/** `of` parts in `per`; both whole, `per` above 0. */
export interface Fraction {
  readonly of: number;
  readonly per: number;
}

/** What happens to the rest: dropped, from one half on a whole, or always a whole; away from zero for negatives. */
export type RoundingMode = 'down' | 'half-up' | 'up';

/**
 * A share of an amount, reckoned in BigInt so that no product overflows or turns into a float.
 *
 * @param amount whole number
 * @throws InvalidAmount when an argument is no safe integer, `per` is not above 0, or the share is unsafe
 */
export function share<Amount extends number>(amount: Amount, fraction: Fraction, rounding: RoundingMode): Amount {
  if (fraction.per <= 0) throw new InvalidAmount(fraction.per, 'parts');
  const negative = amount < 0 !== fraction.of < 0;
  const product = abs(whole(amount) * whole(fraction.of));
  const per = whole(fraction.per);
  const size = product / per + (roundsUp(product % per, per, rounding) ? 1n : 0n);
  return safe(negative ? -size : size) as Amount;
}

/**
 * Splits an amount by weights into whole parts that always add up to it: every part gets its running total's share, so
 * a part differs from its exact share by less than one.
 *
 * @param amount whole number, 0 or more
 * @param weights whole numbers, 0 or more, not all 0 (unless the amount is 0)
 * @throws InvalidAmount when an argument breaks these bounds
 */
export function prorate<Amount extends number>(amount: Amount, weights: readonly number[]): Amount[] {
  const total = weights.reduce((sum, weight) => sum + natural(weight), 0n);
  const size = natural(amount);
  if (total === 0n) {
    if (size !== 0n) throw new InvalidAmount(0, 'weights');
    return weights.map(() => 0 as Amount);
  }
  let seen = 0n;
  let given = 0n;
  return weights.map((weight) => {
    seen += BigInt(weight);
    const due = (size * seen) / total;
    const part = due - given;
    given = due;
    return safe(part) as Amount;
  });
}

function roundsUp(rest: bigint, per: bigint, rounding: RoundingMode): boolean {
  switch (rounding) {
    case 'down':
      return false;
    case 'half-up':
      return rest * 2n >= per;
    case 'up':
      return rest > 0n;
  }
}

function whole(value: number): bigint {
  if (!Number.isSafeInteger(value)) throw new InvalidAmount(value, 'whole units');
  return BigInt(value);
}

function natural(value: number): bigint {
  if (value < 0) throw new InvalidAmount(value, 'whole units, 0 or more,');
  return whole(value);
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function safe(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new InvalidAmount(number, 'whole units');
  return number;
}
