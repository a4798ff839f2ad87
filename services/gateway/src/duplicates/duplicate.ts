import { type Duplicate, DuplicateReason, DuplicateState } from '@regulars/contracts/members/v1/duplicates';
import { z } from 'zod';
import { id, pageQuery } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { wordsOf } from '../edge/words.js';
import { member, memberAnswer } from '../members/member.js';

const reasons = wordsOf(DuplicateReason);
const states = wordsOf(DuplicateState);

export const duplicatesQuery = z.strictObject({
  state: states.schema.default('proposed').meta({ description: 'Only these' }),
  ...pageQuery,
});
export type DuplicatesQuery = z.output<typeof duplicatesQuery>;

/** Two members who may be one person (requirement M5). */
export const duplicate = z
  .object({
    duplicateId: id.meta({ description: 'The pair' }),
    first: member.meta({ description: 'Who registered first, masked' }),
    second: member.meta({ description: 'The other one, masked' }),
    reasons: z.array(reasons.schema).meta({
      description: 'What they have in common: name with month and day of birth, or a contact that both have or had',
    }),
    foundAt: z.iso.datetime().optional().meta({ description: 'When it was found' }),
    state: states.schema.meta({ description: 'proposed: somebody should look at it' }),
    dismissedBy: z.string().optional().meta({ description: 'Who said that they are two persons' }),
    dismissedAt: z.iso.datetime().optional().meta({ description: 'When somebody said so' }),
  })
  .meta({ id: 'Duplicate' });
export const duplicatePage = z
  .object({ duplicates: z.array(duplicate).meta({ description: 'The page' }), nextCursor: z.string().optional() })
  .meta({ id: 'Duplicates' });

export function stateNumber(word: DuplicatesQuery['state']) {
  return states.number(word);
}

export function duplicateAnswer({ first, second, dismissedBy, ...pair }: Duplicate) {
  return {
    ...pair,
    first: memberAnswer(present(first)),
    second: memberAnswer(present(second)),
    reasons: pair.reasons.map(reasons.word),
    state: states.word(pair.state),
    dismissedBy: dismissedBy || undefined,
  };
}
