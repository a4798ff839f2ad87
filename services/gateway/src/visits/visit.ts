import {
  type CompareVisitsResponse,
  type GetVisitsResponse,
  type Visit,
  VisitDifferenceKind,
  type VisitFigures,
} from '@regulars/contracts/members/v1/visits';
import { z } from 'zod';
import { currency, date, id, minor } from '../edge/fields.js';
import { wordsOf } from '../edge/words.js';
import { line } from '../purchases/purchase.js';

const kinds = wordsOf(VisitDifferenceKind);
const count = z.int().min(0);
const on = date.optional();

const tally = z
  .object({
    code: z.string().meta({ description: 'What', examples: ['lunch'] }),
    visits: count.meta({ description: 'On how many visits', examples: [7] }),
  })
  .meta({ id: 'Tally' });
const favourite = z
  .object({
    code: z.string().meta({ description: 'Number of the article, or the category', examples: ['NOODLE-BEEF'] }),
    name: z.string().meta({ description: 'As it was printed the last time', examples: ['招牌牛肉面'] }),
    visits: count.meta({ description: 'On how many visits', examples: [7] }),
    quantityMilli: count.meta({ description: 'Thousandths of a unit, refunds deducted', examples: [9_000] }),
    amountMinor: minor,
  })
  .meta({ id: 'Favourite' });

const figures = z
  .object({
    visits: count.meta({ description: 'How many', examples: [23] }),
    days: count.meta({ description: 'On how many business days', examples: [21] }),
    firstOn: on.meta({ description: 'First business day with a visit; missing without' }),
    lastOn: on.meta({ description: 'Last business day with a visit; missing without' }),
    averageDaysBetween: z
      .number()
      .optional()
      .meta({
        description: 'Days from one day with a visit to the next; missing with fewer than two',
        examples: [9.5],
      }),
    last30Days: count.meta({ description: 'Visits within the last 30 days', examples: [3] }),
    last90Days: count.meta({ description: 'Visits within the last 90 days', examples: [8] }),
    last365Days: count.meta({ description: 'Visits within the last 365 days', examples: [23] }),
    spending: z
      .array(z.object({ currency, totalMinor: z.int().meta({ description: 'Minor units, refunds deducted' }) }))
      .meta({ description: 'What was paid, by currency' }),
    meals: z.array(tally).meta({ description: 'breakfast, lunch, afternoon, dinner, night: the most frequent first' }),
    channels: z
      .array(tally)
      .meta({ description: 'The most frequent first', examples: [[{ code: 'dine-in', visits: 7 }]] }),
    stores: z.array(tally).meta({ description: 'Ids of stores, the most frequent first, at most 10' }),
    dishes: z.array(favourite).meta({ description: 'What was bought on most visits, at most 10' }),
    categories: z.array(favourite).meta({
      description: 'The same for categories',
      examples: [[{ code: 'noodles', name: 'noodles', visits: 7, quantityMilli: 9_000, amountMinor: 25_200 }]],
    }),
    parties: count.meta({ description: 'Visits for which a till told how many guests there were', examples: [20] }),
    averagePartySize: z
      .number()
      .optional()
      .meta({ description: 'Missing when never told', examples: [2.4] }),
    usualPartySize: z
      .int()
      .optional()
      .meta({ description: 'Missing when never told', examples: [2] }),
  })
  .meta({ id: 'VisitFigures' });

const visit = z
  .object({
    purchaseId: id,
    programmeId: id,
    storeId: id,
    businessDate: date,
    rungAt: z.iso.datetime(),
    currency,
    totalMinor: z.int().meta({ description: 'Minor units, refunds not deducted', examples: [12_800] }),
    channel: z.string().meta({ examples: ['dine-in'] }),
    partySize: z.int().optional(),
    lines: z.array(line),
    givenBack: z
      .array(
        z.object({
          line: count.meta({ description: 'Its place in the receipt, from 0', examples: [0] }),
          quantityMilli: count,
          amountMinor: minor,
        }),
      )
      .meta({ description: 'What was given back of it so far' }),
  })
  .meta({ id: 'Visit' });

export const visitsRead = z
  .object({
    figures: figures.meta({ description: 'What the visits come to' }),
    last: z.array(visit).meta({ description: 'The last ones, newest first, at most 20' }),
    since: date.meta({ description: 'From this business date on visits count' }),
  })
  .meta({ id: 'Visits' });

export const visitsCompared = z
  .object({
    kept: figures.meta({ description: 'What the visits kept come to' }),
    booked: figures.meta({ description: 'What the purchases booked come to' }),
    differences: z
      .array(
        z.object({
          purchaseId: id,
          kind: kinds.schema.meta({
            description: 'Booked and not kept, kept and not booked, or kept otherwise than booked',
          }),
        }),
      )
      .meta({ description: 'At most 100; purchases of the last moments may be on their way' }),
    repaired: z.boolean().meta({ description: 'Whether what differed was put right' }),
  })
  .meta({ id: 'VisitsCompared' });

export function visitsAnswer({ figures: known, last, since }: GetVisitsResponse) {
  return { figures: figuresAnswer(known), last: last.map(visitAnswer), since };
}

export function comparedAnswer({ kept, booked, differences, repaired }: CompareVisitsResponse) {
  return {
    kept: figuresAnswer(kept),
    booked: figuresAnswer(booked),
    differences: differences.map(({ purchaseId, kind }) => ({ purchaseId, kind: kinds.word(kind) })),
    repaired,
  };
}

function figuresAnswer(known: VisitFigures | undefined) {
  if (!known) throw new Error('the figures are missing from an answer');
  const { firstOn, lastOn, averageDaysBetween, averagePartySize, usualPartySize, ...rest } = known;
  return {
    ...rest,
    firstOn: firstOn || undefined,
    lastOn: lastOn || undefined,
    averageDaysBetween: averageDaysBetween || undefined,
    averagePartySize: averagePartySize || undefined,
    usualPartySize: usualPartySize || undefined,
  };
}

function visitAnswer({ partySize, rungAtOffsetMinutes: _, ...rest }: Visit) {
  return { ...rest, partySize: partySize || undefined };
}
