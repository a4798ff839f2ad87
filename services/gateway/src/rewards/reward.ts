import { type Reward, RewardKind, type RewardTerms } from '@regulars/contracts/loyalty/v1/rewards';
import { z } from 'zod';
import { code, date, id, minor, pageQuery, slug, text } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { wordsOf } from '../edge/words.js';

const kinds = wordsOf(RewardKind);

const stock = z
  .int()
  .min(0)
  .max(1_000_000_000)
  .optional()
  .meta({ description: 'How many there are; missing when they are not counted', examples: [200] });

/** The body of a reward (requirement L8). */
export const rewardBody = z
  .strictObject({
    programmeId: id,
    code,
    nameZh: text(100).meta({ examples: ['牛肉面'] }),
    nameEn: text(100).meta({ examples: ['Beef noodles'] }),
    kind: kinds.schema.meta({ description: 'money-off: points as a way to pay' }),
    points: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .meta({ description: 'Points for one', examples: [300] }),
    valueMinor: minor.default(0).meta({ description: 'What one is worth; for money-off what it takes off the bill' }),
    stock,
    perMember: z
      .int()
      .min(0)
      .max(100_000)
      .default(0)
      .meta({ description: 'How many one member may have; 0: any number' }),
    tiers: z.array(slug(32)).max(20).default([]).meta({ description: 'Tiers that may; empty: every tier' }),
    storeIds: z.array(id).max(1_000).default([]).meta({ description: 'Where it can be had; empty: everywhere' }),
    validFrom: date,
    validUntil: date.optional(),
  })
  .meta({ id: 'NewReward' });
export type RewardBody = z.output<typeof rewardBody>;

export const stockBody = z
  .strictObject({
    change: z
      .int()
      .min(-1_000_000_000)
      .max(1_000_000_000)
      .meta({ description: 'How many more, or less', examples: [50] }),
  })
  .meta({ id: 'StockChange' });
export type StockBody = z.output<typeof stockBody>;

export const rewardsQuery = z.strictObject({ programmeId: id, ...pageQuery });
export type RewardsQuery = z.output<typeof rewardsQuery>;

export const reward = z
  .object({
    rewardId: id,
    programmeId: id,
    code: z.string(),
    nameZh: z.string(),
    nameEn: z.string(),
    kind: kinds.schema,
    points: z.int(),
    valueMinor: minor,
    stock,
    perMember: z.int(),
    tiers: z.array(z.string()),
    storeIds: z.array(id),
    validFrom: date,
    validUntil: date.optional(),
  })
  .meta({ id: 'Reward' });
export const rewardPage = z
  .object({ rewards: z.array(reward), nextCursor: z.string().optional() })
  .meta({ id: 'Rewards' });

export function termsOf({ stock: _, validUntil = '', kind, ...rest }: RewardBody): RewardTerms {
  return { ...rest, kind: kinds.number(kind), validUntil };
}

export function rewardAnswer({ rewardId, terms, stock: left }: Reward) {
  const { kind, validUntil, ...rest } = present(terms);
  return { rewardId, ...rest, kind: kinds.word(kind), stock: left, validUntil: validUntil || undefined };
}
