import { z } from 'zod';

/**
 * How a part of an answer was got that several owners keep: the same words on every route, of which each route uses those
 * that can happen there.
 */
const meanings = {
  ok: 'it is in this answer',
  empty: 'its owner says that there is nothing',
  missing: 'its owner could not be asked: nobody knows what there is',
  withheld: 'the caller’s role may not see it, or the processing of the member’s data is restricted',
  'not-kept': 'no part of the platform knows it yet',
} as const;

export type PartState = keyof typeof meanings;

/** How a part was got. */
export interface Part {
  readonly state: PartState;
  /** Of a missing part: the code of its problem. */
  readonly reason?: string;
}

/** The shape of a part that can be in these states. */
export function partIn<State extends PartState>(states: readonly State[]) {
  return z.object({
    state: z.enum(states).meta({ description: states.map((state) => `\`${state}\`: ${meanings[state]}`).join('. ') }),
    reason: z
      .string()
      .optional()
      .meta({ description: 'Of a missing part: the code of its problem', examples: ['DEPENDENCY_UNAVAILABLE'] }),
  });
}

const askedOrNot = partIn(['ok', 'missing']).meta({ id: 'Part' });

/** How the parts of an answer are told that several owners keep: each is there, or missing, which is not empty. */
export function partsOf<Name extends string>(names: readonly Name[]) {
  const shape = Object.fromEntries(names.map((name) => [name, askedOrNot.optional()])) as Record<
    Name,
    z.ZodOptional<typeof askedOrNot>
  >;
  return z
    .object(shape)
    .meta({ description: 'Which parts were asked for, and whether each of them is in this answer' });
}
