import { type AccrualRule, Stacking, Weekday } from '@regulars/contracts/loyalty/v1/accrual_rules';
import { z } from 'zod';
import { date, id, minor, slug, text, told } from '../edge/fields.js';
import { wordsOf } from '../edge/words.js';

const stackings = wordsOf(Stacking);
const weekdays = wordsOf(Weekday);
const time = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'Expected a time as HH:MM')
  .meta({ examples: ['14:00'] });

const when = z
  .strictObject({
    categories: z.array(text(64)).max(200).default([]).meta({ description: 'Lines of these categories are covered' }),
    skus: z.array(text(64)).max(500).default([]).meta({ description: 'Lines of these articles are covered too' }),
    tiers: z.array(slug(32)).max(20).default([]).meta({ description: 'Tiers that the member has before the purchase' }),
    storeIds: z.array(id).max(2_000).default([]),
    channels: z.array(slug(32)).max(20).default([]),
    weekdays: z.array(weekdays.schema).max(7).default([]).meta({ description: 'Of the business date' }),
    daysOfMonth: z
      .array(z.int().min(1).max(31))
      .max(31)
      .default([])
      .meta({ description: 'Member days (会员日)', examples: [[8, 18, 28]] }),
    fromDate: date.optional().meta({ description: 'First business date' }),
    untilDate: date.optional().meta({ description: 'Last business date' }),
    fromTime: time.optional().meta({ description: 'In the zone of the store' }),
    untilTime: time.optional().meta({ description: 'Until just before; earlier than fromTime is across midnight' }),
    onBirthday: z.boolean().default(false).meta({ description: 'Only on the birthday, one day a year' }),
    leastMinor: minor.default(0).meta({ description: 'Covered lines come to at least this, minor units' }),
  })
  .meta({ description: 'Everything that is told has to hold; what is left out does not matter' });

/** A rule that gives extra points (requirement L3). */
export const rule = z
  .strictObject({
    code: slug(32).meta({ examples: ['member-day'] }),
    nameZh: text(40).meta({ examples: ['会员日双倍'] }),
    nameEn: text(40).meta({ examples: ['Member day'] }),
    when: when.optional(),
    multiplierPercent: z
      .int()
      .min(101)
      .max(10_000)
      .optional()
      .meta({ examples: [200], description: 'Plain points of the covered lines times this: 200 doubles' }),
    perAmount: z
      .strictObject({ points: z.int().min(1).max(1_000_000), perMinor: z.int().min(1) })
      .optional()
      .meta({ description: 'So many points for every amount of the covered lines' }),
    pointsPerVisit: z.int().min(1).max(1_000_000).optional().meta({ description: 'Once a business day' }),
    pointsPerUnit: z.int().min(1).max(1_000_000).optional().meta({ description: 'For every unit of covered lines' }),
    stacking: stackings.schema.default('add').meta({
      description:
        'add: on top of whatever else is given; best-of: only the one of these that gives most; exclusive: no other rule counts',
    }),
    priority: z.int().min(0).max(1_000).default(0),
    mostPoints: z.int().min(0).default(0).meta({ description: 'Most points for one purchase; 0 means no cap' }),
  })
  .refine(({ multiplierPercent, perAmount, pointsPerVisit, pointsPerUnit }) => {
    return told({ multiplierPercent, perAmount, pointsPerVisit, pointsPerUnit }) === 1;
  }, 'Expected exactly one of multiplierPercent, perAmount, pointsPerVisit and pointsPerUnit')
  .meta({ id: 'AccrualRule' });
export type RuleBody = z.output<typeof rule>;

/** The rule as loyalty takes it. */
export function ruleOf(body: RuleBody): AccrualRule {
  const { multiplierPercent, perAmount, pointsPerVisit, pointsPerUnit, when, stacking, ...rest } = body;
  return {
    ...rest,
    stacking: stackings.number(stacking),
    gives: giftOf({ multiplierPercent, perAmount, pointsPerVisit, pointsPerUnit }),
    when: when && {
      ...when,
      weekdays: when.weekdays.map((day) => weekdays.number(day)),
      fromDate: when.fromDate ?? '',
      untilDate: when.untilDate ?? '',
      fromTime: when.fromTime ?? '',
      untilTime: when.untilTime ?? '',
    },
  };
}

type Gift = Pick<RuleBody, 'multiplierPercent' | 'perAmount' | 'pointsPerVisit' | 'pointsPerUnit'>;

function giftOf({ multiplierPercent, perAmount, pointsPerVisit, pointsPerUnit }: Gift): AccrualRule['gives'] {
  if (multiplierPercent !== undefined) return { $case: 'multiplierPercent', value: multiplierPercent };
  if (perAmount !== undefined) return { $case: 'perAmount', value: perAmount };
  if (pointsPerVisit !== undefined) return { $case: 'pointsPerVisit', value: pointsPerVisit };
  return pointsPerUnit === undefined ? undefined : { $case: 'pointsPerUnit', value: pointsPerUnit };
}

export function ruleAnswer({ gives, when, stacking, ...rest }: AccrualRule) {
  return {
    ...rest,
    stacking: stackings.word(stacking),
    ...(gives && { [gives.$case]: gives.value }),
    when: when && {
      ...when,
      weekdays: when.weekdays.map((day) => weekdays.word(day)),
      fromDate: when.fromDate || undefined,
      untilDate: when.untilDate || undefined,
      fromTime: when.fromTime || undefined,
      untilTime: when.untilTime || undefined,
    },
  };
}
