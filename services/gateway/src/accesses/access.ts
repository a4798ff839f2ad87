import type { Access, VerifyAccessesResponse } from '@regulars/contracts/members/v1/access';
import { z } from 'zod';
import { pageQuery } from '../edge/fields.js';

export const accessesQuery = z.strictObject({ ...pageQuery });
export type AccessesQuery = z.output<typeof accessesQuery>;

export const accessPage = z
  .object({
    accesses: z.array(
      z.object({
        at: z.iso.datetime().optional(),
        principal: z.string().meta({ description: 'Who: a person, or a service by its name' }),
        principalKind: z.string().meta({ examples: ['person'] }),
        roles: z.array(z.string()),
        fields: z.array(z.string()).meta({ examples: [['name', 'mobile']] }),
        purpose: z.string().meta({ examples: ['guest-contact'] }),
        traceId: z.string().optional(),
      }),
    ),
    nextCursor: z.string().optional().meta({ description: 'Missing on the last page' }),
  })
  .meta({ id: 'Accesses' });

export function accessAnswer({ traceId, ...access }: Access) {
  return { ...access, traceId: traceId || undefined };
}

export const sealsQuery = z.strictObject({
  fromSeal: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, 'Expected a whole number from 1 on')
    .transform(Number)
    .optional()
    .meta({ type: 'integer', minimum: 1, description: 'The seal to begin at; the first when missing' }),
});
export type SealsQuery = z.output<typeof sealsQuery>;

export const accessSeals = z
  .object({
    seals: z.int().meta({ description: 'How many seals were reckoned again and found right', examples: [12] }),
    lines: z.int().meta({ description: 'How many reads they are over', examples: [340] }),
    isWhole: z.boolean().meta({ description: 'Whether every one of them is what the reads under it give' }),
    brokenSeal: z.int().optional().meta({ description: 'The first that is not' }),
    lastSeal: z.int().meta({ description: 'The last that was found right; 0 when none was', examples: [12] }),
    lastHash: z.string().meta({
      description: 'Its SHA-256: keep it elsewhere to prove the log whole later',
      examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
    }),
    nextSeal: z.int().optional().meta({ description: 'Where to go on; missing when there are no further ones' }),
    unsealedLines: z.int().meta({ description: 'Reads of the last second or so, that no seal is over yet' }),
    unsealedSince: z.iso.datetime().optional().meta({ description: 'When the oldest of them was' }),
  })
  .meta({ id: 'AccessSeals' });

export function sealsAnswer({ lastHash, lastEntry: _, brokenSeal, nextSeal, ...found }: VerifyAccessesResponse) {
  return {
    ...found,
    lastHash: Buffer.from(lastHash).toString('hex'),
    isWhole: brokenSeal === 0,
    brokenSeal: brokenSeal || undefined,
    nextSeal: nextSeal || undefined,
  };
}
