import { type Redemption, RedemptionState } from '@regulars/contracts/loyalty/v1/redemptions';
import { z } from 'zod';
import { date, id, minor, pageQuery } from '../edge/fields.js';
import { wordsOf } from '../edge/words.js';
import { businessDate, memberReference, receiptNumber } from '../purchases/purchase.js';

const states = wordsOf(RedemptionState);

/** The body that reserves a reward for a member (requirement L8). */
export const redemptionBody = z
  .strictObject({
    storeId: id.optional().meta({ description: 'The till’s own store when a till calls' }),
    tillId: id.optional().meta({ description: 'The till itself when a till calls' }),
    member: memberReference,
    rewardId: id,
    quantity: z.int().min(1).max(100_000).default(1),
    holdSeconds: z
      .int()
      .min(30)
      .max(86_400)
      .default(900)
      .meta({ description: 'For how long it holds; then what was reserved comes back by itself' }),
  })
  .meta({ id: 'NewRedemption' });
export type RedemptionBody = z.output<typeof redemptionBody>;

/** The body that confirms it: for which receipt, where it paid for one. */
export const confirmBody = z
  .strictObject({
    receipt: z
      .strictObject({
        storeId: id.optional().meta({ description: 'The till’s own store when a till calls' }),
        tillId: id.optional().meta({ description: 'The till itself when a till calls' }),
        businessDate,
        receiptNumber,
      })
      .optional()
      .meta({ description: 'What it paid for: a refund of that receipt gives the points back' }),
  })
  .meta({ id: 'RedemptionConfirmation' });
export type ConfirmBody = z.output<typeof confirmBody>;

/** A body that says nothing: the path tells everything. */
export const emptyBody = z.strictObject({}).optional().meta({ description: 'Empty' });

export const redemptionsQuery = z.strictObject({ ...pageQuery });
export type RedemptionsQuery = z.output<typeof redemptionsQuery>;

const moment = z.iso.datetime();

const redemptionFields = {
  redemptionId: id,
  memberId: id,
  programmeId: id,
  state: states.schema,
  rewardId: id,
  quantity: z.int(),
  points: z.int().meta({ examples: [300] }),
  pointsReturned: z.int().meta({ description: 'Points that came back' }),
  valueMinor: minor,
  storeId: id,
  tillId: id,
  reservedAt: moment,
  reservedUntil: moment,
  endedAt: moment.optional().meta({ description: 'When it was confirmed, cancelled or released' }),
  fulfilledAt: moment.optional().meta({ description: 'When it was handed over' }),
  receipt: z.object({ storeId: id, tillId: id, businessDate: date, receiptNumber: z.string() }).optional(),
};

export const redemption = z.object(redemptionFields).meta({ id: 'Redemption' });
export const reservedRedemption = z
  .object({ ...redemptionFields, balance: z.int().meta({ description: 'The member’s balance after it' }) })
  .meta({ id: 'RedemptionReserved' });
export const redemptionPage = z
  .object({ redemptions: z.array(redemption), nextCursor: z.string().optional() })
  .meta({ id: 'Redemptions' });

export function redemptionAnswer({ state, ...rest }: Redemption) {
  return { ...rest, state: states.word(state) };
}
