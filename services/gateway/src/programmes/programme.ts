import {
  type BirthdayRights,
  BirthdayWindow,
  type Expiry,
  type HoldLimits,
  type Programme,
  type ProgrammeTerms,
  type ProgrammeVersion,
  Rounding,
  VersionState,
} from '@regulars/contracts/loyalty/v1/programmes';
import { z } from 'zod';
import { code, currency, date, id, minor, slug, text, timeZone, told } from '../edge/fields.js';
import { wordsOf } from '../edge/words.js';
import { rule, ruleAnswer, ruleOf } from './rule.js';

const roundings = wordsOf(Rounding);
const states = wordsOf(VersionState);
const windows = wordsOf(BirthdayWindow);
const names = { nameZh: text(100), nameEn: text(100) };

export const programmeBody = z
  .strictObject({ code, ...names, currency, brandIds: z.array(id).min(1).max(100) })
  .meta({ id: 'NewProgramme' });
export type ProgrammeBody = z.output<typeof programmeBody>;

const cap = z.int().min(0).default(0).meta({ description: 'Points; 0 means no cap' });

const accrual = z
  .strictObject({
    points: z.int().min(1).max(1_000_000),
    perMinor: z
      .int()
      .min(1)
      .meta({ examples: [100] }),
    rounding: roundings.schema,
    minimumMinor: minor.default(0),
    capPerDay: cap,
    capPerMonth: cap,
    excludedCategories: z.array(text(64)).max(200).default([]),
    excludedSkus: z.array(text(64)).max(500).default([]),
    excludedPaymentTypes: z.array(slug(32)).max(50).default([]),
  })
  .meta({ id: 'BaseAccrual', description: '`points` for every `perMinor` of the amount that counts' });

const tier = z
  .strictObject({
    code: slug(32).meta({ examples: ['gold'] }),
    ...names,
    fromSpentMinor: minor,
    multiplierPercent: z
      .int()
      .min(0)
      .max(10_000)
      .meta({ examples: [150], description: '100 is once' }),
    benefits: z
      .strictObject({
        discountPercent: z.int().min(0).max(100).default(0).meta({ description: 'Off the price; tills carry it out' }),
        priority: z.int().min(0).max(100).default(0).meta({ description: 'In queues, reservations and supply' }),
        gifts: z.array(text(100)).max(10).default([]),
        personalService: z.boolean().default(false),
      })
      .optional(),
  })
  .meta({ id: 'Tier' });

const days = z.int().min(0).max(180);
const tierReview = z
  .strictObject({
    everyMonths: z
      .int()
      .min(1)
      .max(60)
      .meta({ examples: [12] }),
    noticeDays: days.default(30).meta({ description: 'Who would lose the tier is told so long before' }),
    graceDays: days.default(0).meta({ description: 'After a failed review the tier is kept for so long' }),
  })
  .meta({
    id: 'TierReview',
    description: 'How tiers are kept and lost; without it a tier is that of what was spent in the period, no longer',
  });

const expiry = z
  .strictObject({
    rollingMonths: z.int().min(1).max(120).optional(),
    yearEndGraceMonths: z.int().min(0).max(24).optional(),
    fixedDate: date.optional(),
  })
  .refine((policy) => told(policy) <= 1, {
    error: 'Expected one policy at most',
  })
  .meta({ id: 'Expiry', description: 'When points end; without a field never' });

function holdLimit(what: string, least = 1) {
  return z
    .strictObject({
      most: z.int().min(least).max(500).meta({ description: 'What is more is held' }),
      withinMinutes: z
        .int()
        .min(1)
        .max(1_440)
        .meta({ description: 'Within so long', examples: [60] }),
    })
    .optional()
    .meta({ description: what });
}

const holdLimits = z
  .strictObject({
    memberPurchases: holdLimit('Purchases of a member'),
    tillPurchases: holdLimit('Purchases of members at a till'),
    tillMembers: holdLimit('Different members at a till'),
    memberRefundsOfSpent: holdLimit('Refunds of a member whose points were spent before', 0),
  })
  .meta({
    id: 'HoldLimits',
    description: 'From when on purchases are held for a person to look at; what is left out is not watched',
  });

const birthday = z
  .strictObject({
    window: windows.schema.meta({
      description: 'When the gift is given and how long it is good: the day, the week around it, its calendar month',
    }),
    couponCode: code.optional().meta({ description: 'Kind of coupon that is given; without it none is' }),
  })
  .meta({
    id: 'BirthdayRights',
    description: 'What birthdays bring once a year, besides points by rules with onBirthday',
  });

/** The policy itself, as it is drafted (requirement L3). */
export const termsBody = z
  .strictObject({
    accrual,
    tiers: z.array(tier).min(1).max(20).meta({ description: 'Lowest first; the lowest needs nothing' }),
    tierPeriodMonths: z
      .int()
      .min(1)
      .max(60)
      .meta({ examples: [12] }),
    expiry,
    acceptDaysBack: z
      .int()
      .min(1)
      .max(400)
      .meta({ examples: [30] }),
    refundMayOwe: z.boolean(),
    timeZone,
    rules: z.array(rule).max(200).default([]),
    tierReview: tierReview.optional(),
    birthday: birthday.optional(),
    expiryWarningDays: days.default(0).meta({ description: 'Members are warned so long before points end; 0: not' }),
    holdLimits: holdLimits.optional(),
  })
  .meta({ id: 'ProgrammeTerms' });
export type TermsBody = z.output<typeof termsBody>;

export const publishBody = z
  .strictObject({ effectiveFrom: date.meta({ description: 'First business date for which it counts' }) })
  .meta({ id: 'PublishVersion' });
export type PublishBody = z.output<typeof publishBody>;

/** A version number in a path. */
export const versionNumber = z.coerce.number<string>().int().min(1).max(1_000_000).meta({ type: 'integer' });

export const version = z
  .object({
    version: z.int(),
    state: states.schema,
    effectiveFrom: date.optional(),
    terms: termsBody,
    publishedAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'ProgrammeVersion' });
export const programme = z
  .object({ programmeId: id, code, ...names, currency, brandIds: z.array(id), versions: z.array(version) })
  .meta({ id: 'Programme' });

/** The terms as loyalty takes them. */
export function termsOf(body: TermsBody): ProgrammeTerms {
  const { accrual, birthday: rights, expiry, rules, tiers, tierReview, holdLimits } = body;
  return {
    ...body,
    tiers: tiers.map(({ benefits, ...tier }) => ({ ...tier, benefits })),
    tierReview,
    holdLimits: holdLimits && limitsOf(holdLimits),
    birthday: rights && { window: windows.number(rights.window), couponCode: rights.couponCode ?? '' },
    rules: rules.map(ruleOf),
    accrual: { ...accrual, rounding: roundings.number(accrual.rounding) },
    expiry: { policy: policyOf(expiry) },
  };
}

function limitsOf(limits: NonNullable<TermsBody['holdLimits']>): HoldLimits {
  const { memberPurchases, tillPurchases, tillMembers, memberRefundsOfSpent } = limits;
  return { memberPurchases, tillPurchases, tillMembers, memberRefundsOfSpent };
}

function policyOf({ rollingMonths, yearEndGraceMonths, fixedDate }: TermsBody['expiry']): Expiry['policy'] {
  if (rollingMonths !== undefined) return { $case: 'rollingMonths', value: rollingMonths };
  if (yearEndGraceMonths !== undefined) return { $case: 'yearEndGraceMonths', value: yearEndGraceMonths };
  return fixedDate === undefined ? undefined : { $case: 'fixedDate', value: fixedDate };
}

export function programmeAnswer(found: Programme) {
  return { ...found, versions: found.versions.map(versionAnswer) };
}

export function versionAnswer({ terms, state, effectiveFrom, ...rest }: ProgrammeVersion) {
  return {
    ...rest,
    state: states.word(state),
    effectiveFrom: effectiveFrom || undefined,
    terms: terms && {
      ...terms,
      accrual: terms.accrual && { ...terms.accrual, rounding: roundings.word(terms.accrual.rounding) },
      rules: terms.rules.map(ruleAnswer),
      birthday: birthdayAnswer(terms.birthday),
      expiry: terms.expiry?.policy ? { [terms.expiry.policy.$case]: terms.expiry.policy.value } : {},
    },
  };
}

function birthdayAnswer(rights: BirthdayRights | undefined) {
  return rights && { window: windows.word(rights.window), couponCode: rights.couponCode || undefined };
}
