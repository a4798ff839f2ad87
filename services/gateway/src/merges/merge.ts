import { type Merge, MergeState } from '@regulars/contracts/members/v1/merges';
import { z } from 'zod';
import { id, pageQuery } from '../edge/fields.js';
import { wordsOf } from '../edge/words.js';

const states = wordsOf(MergeState);

/** The body that merges two members (requirement M5). */
export const mergeBody = z
  .strictObject({
    survivorId: id,
    mergedId: id,
    mobilesMayDiffer: z.boolean().default(false).meta({
      description: 'Needed when both have verified a mobile: says that one person has two',
    }),
  })
  .meta({ id: 'NewMerge' });
export type MergeBody = z.output<typeof mergeBody>;

export const mergesQuery = z.strictObject({ ...pageQuery });
export type MergesQuery = z.output<typeof mergesQuery>;

const moment = z.iso.datetime().optional();

export const merge = z
  .object({
    mergeId: id,
    survivorId: id,
    mergedId: id,
    state: states.schema.meta({
      description:
        'ordered: members are one, points follow in a moment; booked: points have; undo-ordered, undone: back',
    }),
    orderedAt: moment.meta({ description: 'When it was ordered' }),
    orderedBy: z.string().meta({ description: 'Who ordered it' }),
    bookedAt: moment.meta({ description: 'When points were one' }),
    undoOrderedAt: moment.meta({ description: 'When its undoing was ordered' }),
    undoOrderedBy: z.string().optional().meta({ description: 'Who ordered that' }),
    undoneAt: moment.meta({ description: 'When points were parted' }),
    exact: z.boolean().optional().meta({
      description:
        'Once it is undone: whether both have what they would have without the merge; if not, the survivor made good what was spent',
    }),
    compensatedPoints: z.int().meta({ description: 'Points that the survivor made good' }),
    owedPoints: z.int().meta({ description: 'What of them the survivor owes' }),
  })
  .meta({ id: 'Merge' });
export const mergePage = z
  .object({ merges: z.array(merge).meta({ description: 'The page' }), nextCursor: z.string().optional() })
  .meta({ id: 'Merges' });

export function mergeAnswer(found: Merge) {
  return { ...found, state: states.word(found.state), undoOrderedBy: found.undoOrderedBy || undefined };
}
