import { type Hold, HoldState } from '@regulars/contracts/loyalty/v1/holds';
import { HoldReason } from '@regulars/contracts/loyalty/v1/purchases';
import { z } from 'zod';
import { date, id, minor, pageQuery, paragraphs } from '../edge/fields.js';
import { wordsOf } from '../edge/words.js';
import { receiptText, textBody } from '../purchases/outcomes.js';

const reasons = wordsOf(HoldReason);
const states = wordsOf(HoldState);

export const holdsQuery = z.strictObject({
  state: states.schema.optional().meta({ description: 'Only these' }),
  storeId: id.optional().meta({ description: 'Only of this store' }),
  ...pageQuery,
});
export type HoldsQuery = z.output<typeof holdsQuery>;

/** Why a supervisor decides as she does (requirement L15). */
export const decisionBody = z
  .strictObject({ reason: paragraphs(500).meta({ description: 'Why, in words', examples: ['团购，店长确认'] }) })
  .meta({ id: 'HoldDecision' });
export type DecisionBody = z.output<typeof decisionBody>;

const cause = z
  .object({
    reason: reasons.schema.meta({ description: 'What made it suspicious' }),
    measured: z.int().meta({ description: 'How many there were with this one; 0 where nothing is counted' }),
    most: z.int().meta({ description: 'How many are allowed' }),
    withinMinutes: z.int().meta({ description: 'Within so long' }),
    text: receiptText.optional().meta({ description: 'The same in words' }),
  })
  .meta({ id: 'HoldCause' });

export const hold = z
  .object({
    purchaseId: id,
    programmeId: id,
    storeId: id,
    tillId: id,
    businessDate: date,
    receiptNumber: z.string(),
    memberId: id.optional().meta({ description: 'Who would be credited; missing where nobody known was named' }),
    totalMinor: minor,
    causes: z.array(cause).meta({ description: 'Why it is held, at least one' }),
    twinPurchaseId: id.optional().meta({ description: 'The purchase that it may be the same as' }),
    state: states.schema.meta({ description: 'open waits for a person; released is credited; reversed never is' }),
    heldAt: z.iso.datetime().optional().meta({ description: 'Since when' }),
    decidedBy: z.string().optional().meta({ description: 'Who decided' }),
    decidedAt: z.iso.datetime().optional().meta({ description: 'When' }),
    decisionReason: z.string().optional().meta({ description: 'Why, in the words of who decided' }),
  })
  .meta({ id: 'Hold' });
export const holdPage = z
  .object({ holds: z.array(hold).meta({ description: 'The page' }), nextCursor: z.string().optional() })
  .meta({ id: 'Holds' });

export function stateNumber(word: HoldsQuery['state']) {
  return word === undefined ? HoldState.UNSPECIFIED : states.number(word);
}

export function holdAnswer({ receipt, causes, memberId, twinPurchaseId, decidedBy, decisionReason, ...rest }: Hold) {
  return {
    ...rest,
    ...receipt,
    memberId: memberId || undefined,
    causes: causes.map((each) => ({ ...each, reason: reasons.word(each.reason), text: textBody(each.text) })),
    twinPurchaseId: twinPurchaseId || undefined,
    state: states.word(rest.state),
    decidedBy: decidedBy || undefined,
    decisionReason: decisionReason || undefined,
  };
}
