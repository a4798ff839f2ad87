import type { GetLiabilityResponse } from '@regulars/contracts/loyalty/v1/liability';
import { z } from 'zod';
import { id } from '../edge/fields.js';

/** What a programme owes its members (requirements L4, L5). */
export const liability = z
  .object({
    programmeId: id,
    asOf: z.iso.datetime().optional(),
    liability: z.int().meta({ description: 'Points that can be claimed: remaining points less debts' }),
    balances: z.int().meta({ description: 'Sum of all balances; equals the liability' }),
    debts: z.int().meta({ description: 'Points that members owe' }),
    expectedBreakage: z.int(),
    breakageRate: z
      .number()
      .optional()
      .meta({
        description: 'Share of issued points that ended unused, of months that are over; missing while none is',
        examples: [0.15],
      }),
    cohorts: z.array(
      z.object({
        month: z.string().meta({ description: 'Month in which they were earned', examples: ['2026-11'] }),
        issued: z.int(),
        used: z.int(),
        ended: z.int(),
        remaining: z.int(),
        lastEnd: z.iso.datetime().optional(),
        expectedBreakage: z.int(),
      }),
    ),
  })
  .meta({ id: 'Liability' });

export function liabilityAnswer({ breakageRateE4, ...rest }: GetLiabilityResponse) {
  return { ...rest, breakageRate: breakageRateE4 < 0 ? undefined : breakageRateE4 / 10_000 };
}
