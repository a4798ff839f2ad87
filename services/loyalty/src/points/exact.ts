import { InvalidAmount, type RoundingMode } from '@regulars/amounts';

/** An exact number of points, 0 or more; `per` is above 0. */
export interface Exact {
  readonly of: bigint;
  readonly per: bigint;
}

export function plus(one: Exact, other: Exact): Exact {
  if (one.per === other.per) return { of: one.of + other.of, per: one.per };
  return { of: one.of * other.per + other.of * one.per, per: one.per * other.per };
}

/** Below 0, 0 or above 0, as `sort` wants it for rising numbers. */
export function compare(one: Exact, other: Exact): number {
  const difference = one.of * other.per - other.of * one.per;
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}

/** In ten-thousandths, the rest dropped. @throws InvalidAmount when that is no safe number */
export function inE4({ of, per }: Exact): number {
  return safe((of * 10_000n) / per);
}

/** Whole points. @throws InvalidAmount when they are no safe number */
export function rounded({ of, per }: Exact, rounding: RoundingMode): number {
  const rest = of % per;
  const up = rounding === 'up' ? rest > 0n : rounding === 'half-up' && rest * 2n >= per;
  return safe(of / per + (up ? 1n : 0n));
}

function safe(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new InvalidAmount(number, 'whole points');
  return number;
}
