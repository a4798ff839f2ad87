import { type Adjustment, AdjustmentKind, AdjustmentState } from '@regulars/contracts/loyalty/v1/adjustments';
import { z } from 'zod';
import { id, pageQuery, paragraphs } from '../edge/fields.js';
import { wordsOf } from '../edge/words.js';

const kinds = wordsOf(AdjustmentKind);
const states = wordsOf(AdjustmentState);

const points = z
  .int()
  .min(-1_000_000_000)
  .max(1_000_000_000)
  .meta({ description: 'Signed, not 0', examples: [200] });
const reason = paragraphs(500).meta({ description: 'Why, in words', examples: ['汤洒了，向客人致歉'] });
const kind = kinds.schema.meta({ description: 'goodwill makes good, correction puts right' });

/** The body that asks for an adjustment (requirement L14). */
export const adjustmentBody = z
  .strictObject({
    memberId: id,
    programmeId: id,
    points: points.refine((asked) => asked !== 0, { error: 'Expected a number other than 0' }),
    kind,
    reason,
  })
  .meta({ id: 'NewAdjustment' });
export type AdjustmentBody = z.output<typeof adjustmentBody>;

export const adjustmentsQuery = z.strictObject({
  state: states.schema.optional().meta({ description: 'Only these' }),
  ...pageQuery,
});
export type AdjustmentsQuery = z.output<typeof adjustmentsQuery>;

export const adjustment = z
  .object({
    adjustmentId: id,
    memberId: id,
    programmeId: id,
    points,
    kind,
    reason,
    state: states.schema.meta({ description: 'proposed: waits for a second person' }),
    requestedBy: z.string().meta({ description: 'Who asked' }),
    requestedAt: z.iso.datetime().meta({ description: 'When it was asked for' }),
    decidedBy: z.string().optional().meta({ description: 'Who agreed or not' }),
    decidedAt: z.iso.datetime().optional().meta({ description: 'When somebody agreed or not' }),
    entryId: id.optional().meta({ description: 'Its entry in the ledger, once it is booked' }),
  })
  .meta({ id: 'Adjustment' });
export const adjustmentPage = z
  .object({
    adjustments: z.array(adjustment).meta({ description: 'The page' }),
    nextCursor: z.string().optional(),
  })
  .meta({ id: 'Adjustments' });

export function kindNumber(word: AdjustmentBody['kind']) {
  return kinds.number(word);
}

export function stateNumber(word: AdjustmentsQuery['state']) {
  return word === undefined ? AdjustmentState.UNSPECIFIED : states.number(word);
}

export function adjustmentAnswer({ decidedBy, entryId, ...rest }: Adjustment) {
  return {
    ...rest,
    kind: kinds.word(rest.kind),
    state: states.word(rest.state),
    decidedBy: decidedBy || undefined,
    entryId: entryId || undefined,
  };
}
