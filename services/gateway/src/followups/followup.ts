import { type FollowUp, FollowUpState } from '@regulars/contracts/surveys/v1/followups';
import { z } from 'zod';
import { id, pageQuery } from '../edge/fields.js';
import { wordsOf } from '../edge/words.js';

const states = wordsOf(FollowUpState);

export const followUpsQuery = z.strictObject({ memberId: id, ...pageQuery });
export type FollowUpsQuery = z.output<typeof followUpsQuery>;

const followUp = z
  .object({
    followUpId: id,
    memberId: id,
    storeId: id,
    purchaseId: id,
    dueAt: z.iso.datetime(),
    state: states.schema,
  })
  .meta({ id: 'FollowUp' });
export const followUpPage = z
  .object({ followUps: z.array(followUp), nextCursor: z.string().optional() })
  .meta({ id: 'FollowUps' });

export function followUpAnswer({ state, ...rest }: FollowUp) {
  return { ...rest, state: states.word(state) };
}
