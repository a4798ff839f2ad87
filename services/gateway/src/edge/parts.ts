import { z } from 'zod';

const part = z
  .object({
    state: z.enum(['ok', 'missing']).meta({ description: 'missing: nobody knows what there is; empty is ok' }),
    reason: z
      .string()
      .optional()
      .meta({ description: 'Of a missing part: the code of its problem', examples: ['DEPENDENCY_UNAVAILABLE'] }),
  })
  .meta({ id: 'Part' });

/** How the parts of an answer are told that several owners keep: each is there, or missing, which is not empty. */
export function partsOf<Name extends string>(names: readonly Name[]) {
  const shape = Object.fromEntries(names.map((name) => [name, part.optional()])) as Record<
    Name,
    z.ZodOptional<typeof part>
  >;
  return z
    .object(shape)
    .meta({ description: 'Which parts were asked for, and whether each of them is in this answer' });
}
