import {
  type Basket,
  type Coupon,
  type CouponDefinition,
  CouponKind,
  CouponRefusal,
  CouponState,
  type CouponTerms,
  type CouponUse,
  type RefusedCoupon,
} from '@regulars/contracts/loyalty/v1/coupons';
import type { MemberReference } from '@regulars/contracts/loyalty/v1/purchases';
import { z } from 'zod';
import { code, date, id, minor, pageQuery, slug, text } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { wordsOf } from '../edge/words.js';
import { type Counter, memberReference } from '../purchases/purchase.js';

const kinds = wordsOf(CouponKind);
const states = wordsOf(CouponState);
const refusals = wordsOf(CouponRefusal);

const count = (most: number) => z.int().min(0).max(most).default(0);

const terms = {
  programmeId: id,
  code,
  nameZh: text(100).meta({ examples: ['满百减十'] }),
  nameEn: text(100).meta({ examples: ['Ten off every hundred'] }),
  kind: kinds.schema.meta({ description: 'spend-save: valueMinor off for every minSpendMinor (满减)' }),
  valueMinor: minor.default(0).meta({ description: 'What amount-off and spend-save take off' }),
  percent: count(100).meta({ description: 'What percent-off takes off, 1 to 100' }),
  capMinor: minor.default(0).meta({ description: 'Most that it takes off; 0: no cap' }),
  minSpendMinor: minor.default(0).meta({ description: 'What the lines it is for have to come to' }),
  skus: z.array(text(64)).max(500).default([]).meta({ description: 'Articles it is for' }),
  categories: z.array(text(64)).max(100).default([]).meta({ description: 'Categories it is for' }),
  combines: z.boolean().default(false).meta({ description: 'Whether others may be used on the same receipt' }),
  perReceipt: z.int().min(1).max(100).default(1),
  perPerson: count(100_000).meta({ description: 'How many of this kind one person may use; 0: any number' }),
  tiers: z.array(slug(32)).max(20).default([]),
  storeIds: z.array(id).max(1_000).default([]),
  validFrom: date,
  validDays: count(3_660).meta({ description: 'Days from its issue; 0: until validUntil' }),
};

/** The body of a kind of coupon (requirement L9). */
export const definitionBody = z.strictObject({ ...terms, validUntil: date.optional() }).meta({ id: 'NewCouponKind' });
export type DefinitionBody = z.output<typeof definitionBody>;

export const definition = z
  .object({ definitionId: id, ...terms, validUntil: date.optional() })
  .meta({ id: 'CouponKind' });
export const definitionPage = z
  .object({ definitions: z.array(definition), nextCursor: z.string().optional() })
  .meta({ id: 'CouponKinds' });
export const definitionsQuery = z.strictObject({ programmeId: id, ...pageQuery });
export type DefinitionsQuery = z.output<typeof definitionsQuery>;

export const issueBody = z
  .strictObject({ definitionId: id, memberId: id, count: z.int().min(1).max(20).default(1) })
  .meta({ id: 'CouponGift' });
export type IssueBody = z.output<typeof issueBody>;

/** A code as it is written in a path. */
export const couponCode = z
  .string()
  .max(40)
  .meta({ description: 'The code, as it is written', examples: ['7KQ2M9XW4TRB5HCE'] });
export const coupon = z
  .object({
    code: z.string().meta({ examples: ['7KQ2M9XW4TRB5HCE'] }),
    definitionId: id,
    memberId: id.optional(),
    state: states.schema,
    issuedAt: z.iso.datetime(),
    validUntil: date.optional(),
    storeId: id.optional().meta({ description: 'Where it is held or was used' }),
    tillId: id.optional(),
    usedAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'Coupon' });
export const issuedCoupons = z.object({ coupons: z.array(coupon) }).meta({ id: 'CouponsIssued' });
export const couponPage = z
  .object({ coupons: z.array(coupon), nextCursor: z.string().optional() })
  .meta({ id: 'Coupons' });
export const couponsQuery = z.strictObject({ ...pageQuery });
export type CouponsQuery = z.output<typeof couponsQuery>;

export const tierIssueBody = z.strictObject({ definitionId: id, tier: slug(32) }).meta({ id: 'NewCouponIssue' });
export type TierIssueBody = z.output<typeof tierIssueBody>;
export const tierIssue = z
  .object({
    issueId: id,
    definitionId: id,
    tier: z.string(),
    issued: z.int().meta({ description: 'How many members got one so far' }),
    finishedAt: z.iso.datetime().optional().meta({ description: 'When everybody had one' }),
  })
  .meta({ id: 'CouponIssue' });

export const batchBody = z
  .strictObject({ definitionId: id, count: z.int().min(1).max(1_000_000) })
  .meta({ id: 'NewCouponBatch' });
export type BatchBody = z.output<typeof batchBody>;
export const batch = z
  .object({ batchId: id, definitionId: id, count: z.int(), drawn: z.int() })
  .meta({ id: 'CouponBatch' });
export const codesQuery = z.strictObject({
  after: z
    .string()
    .regex(/^\d{1,7}$/, 'Expected a whole number')
    .transform(Number)
    .optional()
    .meta({ type: 'integer', minimum: 0, description: 'How many codes to leave out from the beginning' }),
});
export type CodesQuery = z.output<typeof codesQuery>;

const basket = {
  storeId: id.optional().meta({ description: 'The till’s own store when a till calls' }),
  tillId: id.optional().meta({ description: 'The till itself when a till calls' }),
  member: memberReference.optional(),
  lines: z
    .array(z.strictObject({ sku: text(64), category: text(64), quantityMilli: z.int().min(1), amountMinor: minor }))
    .min(1)
    .max(500)
    .meta({ description: 'What is on the bill before coupons' }),
};
const told = text(64).meta({ description: 'As typed or scanned', examples: ['7KQ2-M9XW-4TRB-5HCE'] });

export const evaluationBody = z
  .strictObject({ ...basket, codes: z.array(told).max(20).default([]) })
  .meta({ id: 'CouponEvaluation' });
export type EvaluationBody = z.output<typeof evaluationBody>;
export const useBody = z
  .strictObject({
    ...basket,
    codes: z.array(told).min(1).max(10),
    holdSeconds: z.int().min(30).max(86_400).default(900),
  })
  .meta({ id: 'NewCouponUse' });
export type UseBody = z.output<typeof useBody>;

const applied = z.array(z.object({ code: z.string(), definitionId: id, discountMinor: minor }));
const refused = z.array(
  z.object({
    code: z.string(),
    reason: refusals.schema,
    storeId: id.optional().meta({ description: 'Where it is held or was used' }),
    tillId: id.optional(),
    at: z.iso.datetime().optional(),
  }),
);
export const evaluation = z
  .object({ applied, refused, discountMinor: minor })
  .meta({ id: 'CouponsEvaluated', description: 'The best combination, and why each other coupon is left out' });
export const use = z
  .object({
    useId: id,
    memberId: id.optional(),
    state: z.enum(['reserved', 'confirmed', 'cancelled', 'released', 'returned']),
    applied,
    discountMinor: minor,
    reservedUntil: z.iso.datetime(),
  })
  .meta({ id: 'CouponUse' });

export function termsOf({ kind, validUntil = '', ...rest }: DefinitionBody): CouponTerms {
  return { ...rest, kind: kinds.number(kind), validUntil };
}

export function basketOf(
  { lines }: Pick<EvaluationBody, 'lines'>,
  counter: Counter,
  member: MemberReference | undefined,
): Basket {
  return { ...counter, member, lines };
}

export function definitionAnswer({ definitionId, terms: stored }: CouponDefinition) {
  const { kind, validUntil, ...rest } = present(stored);
  return { definitionId, ...rest, kind: kinds.word(kind), validUntil: validUntil || undefined };
}

export function couponAnswer({ memberId, state, validUntil, storeId, tillId, ...rest }: Coupon) {
  return {
    ...rest,
    memberId: memberId || undefined,
    state: states.word(state),
    validUntil: validUntil || undefined,
    storeId: storeId || undefined,
    tillId: tillId || undefined,
  };
}

export function useAnswer({ memberId, ...rest }: CouponUse) {
  return { ...rest, memberId: memberId || undefined };
}

export function refusedAnswer({ code: told, reason, storeId, tillId, at }: RefusedCoupon) {
  return { code: told, reason: refusals.word(reason), storeId: storeId || undefined, tillId: tillId || undefined, at };
}
