import type {
  BacktestReport,
  ImaginedPurchase,
  SimulatePurchaseResponse,
} from '@regulars/contracts/loyalty/v1/simulations';
import { z } from 'zod';
import { date, id, minor, slug } from '../edge/fields.js';
import { step, stepsAnswer } from '../points/points.js';
import { line, payment } from '../purchases/purchase.js';

const points = z.int().min(0).default(0);

/** A purchase as somebody imagines it (requirement L3). */
export const imaginedBody = z
  .strictObject({
    businessDate: date,
    time: z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Expected a time as HH:MM')
      .default('12:00')
      .meta({ description: 'By the clock of the store' }),
    storeId: id.optional(),
    channel: slug(32).default('dine-in'),
    lines: z.array(line).min(1).max(500),
    payments: z.array(payment).max(20).default([]).meta({ description: 'Empty: paid in a way that counts' }),
    spentMinor: minor.default(0).meta({ description: 'Spent before in the period that tiers look at, minor units' }),
    tier: slug(32).optional().meta({ description: 'The tier that the member has; else that of spentMinor' }),
    earnedThatDay: points.meta({ description: 'Points earned before on that business day' }),
    earnedThatMonth: points.meta({ description: 'Points earned before in that month, that day included' }),
    onBirthday: z.boolean().default(false),
  })
  .meta({ id: 'ImaginedPurchase' });
export type ImaginedBody = z.output<typeof imaginedBody>;

export const simulation = z
  .object({
    points: z.int(),
    tier: z.string(),
    countedMinor: z.int(),
    steps: z.array(step),
    expiresAt: z.iso.datetime().optional().meta({ description: 'Missing when the points never end' }),
  })
  .meta({ id: 'Simulation' });

/** The purchase as loyalty takes it. */
export function imaginedOf(body: ImaginedBody): ImaginedPurchase {
  return { ...body, storeId: body.storeId ?? '', tier: body.tier ?? '' };
}

export function simulationAnswer({ steps, ...rest }: SimulatePurchaseResponse) {
  return { ...rest, steps: stepsAnswer(steps) };
}

/** A past period on which a version is tried (requirement L3). */
export const backtestBody = z
  .strictObject({
    fromDate: date,
    untilDate: date.meta({ description: 'Last business date; at most 92 days in all' }),
    membersPercent: z
      .int()
      .min(1)
      .max(100)
      .default(100)
      .meta({ description: 'Share of the members whose purchases are replayed' }),
  })
  .meta({ id: 'NewBacktest' });
export type BacktestBody = z.output<typeof backtestBody>;

const difference = z.object({
  memberId: id,
  then: z.int().meta({ description: 'Points earned' }),
  now: z.int().meta({ description: 'Points that would have been earned' }),
});

export const backtest = z
  .object({
    backtestId: id,
    programmeId: id,
    version: z.int(),
    fromDate: date,
    untilDate: date,
    membersPercent: z.int(),
    requestedAt: z.iso.datetime().optional(),
    finishedAt: z.iso.datetime().optional(),
    outcome: z
      .object({
        purchases: z.int(),
        members: z.int().meta({ description: 'Members who made them' }),
        pointsThen: z.int(),
        pointsNow: z.int(),
        gain: z.int(),
        lose: z.int(),
        same: z.int(),
        mostGained: z.array(difference),
        mostLost: z.array(difference),
        byRule: z.array(z.object({ rule: z.int(), purchases: z.int(), points: z.int() })),
      })
      .optional()
      .meta({ description: 'Missing while it waits or runs' }),
  })
  .meta({ id: 'Backtest' });

export function backtestAnswer(report: BacktestReport) {
  return { ...report };
}
