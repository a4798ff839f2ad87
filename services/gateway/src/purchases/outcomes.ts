import {
  HoldReason,
  PendingReason,
  type PostPurchaseResult,
  PurchaseRefusal,
  type ReceiptText,
  type TierProgress,
  UnprocessedReason,
} from '@regulars/contracts/loyalty/v1/purchases';
import { z } from 'zod';
import { minor } from '../edge/fields.js';
import { type Problem, type ProblemCode, problem } from '../edge/problems.js';
import { wordsOf } from '../edge/words.js';

const pendingReasons = wordsOf(PendingReason);
const holdReasons = wordsOf(HoldReason);

/** A short text in the languages of the product. */
export const receiptText = z
  .object({ zhCN: z.string(), en: z.string() })
  .meta({ id: 'ReceiptText', description: 'A line to print, at most 40 full-width characters or 80 letters' });

export const tierProgress = z
  .object({
    tier: z.string().meta({ examples: ['gold'] }),
    nextTier: z.string().optional(),
    missingMinor: minor.meta({ description: 'What still has to be spent in the period for the next tier' }),
    spentMinor: minor.meta({ description: 'What counts so far in the period' }),
  })
  .meta({ id: 'TierProgress' });

/** 201 (200 for a replay): points were booked. */
export const credited = z
  .object({
    outcome: z.literal('credited'),
    purchaseId: z.uuid(),
    memberId: z.uuid(),
    pointsEarned: z.int().meta({ examples: [128] }),
    balance: z.int().meta({ examples: [1280] }),
    tier: tierProgress.optional(),
    receiptText: receiptText.optional(),
    entryId: z.uuid().optional().meta({ description: 'For /explain; missing when no points were earned' }),
    couponCodes: z.array(z.string()),
  })
  .meta({ id: 'PurchaseCredited' });

/** 202: the purchase is kept, nothing is credited yet. */
export const kept = z
  .object({
    outcome: z.enum(['pending', 'held']),
    purchaseId: z.uuid(),
    reason: z.enum([...pendingReasons.schema.options, ...holdReasons.schema.options]),
    receiptText: receiptText.optional(),
  })
  .meta({ id: 'PurchaseKept' });

/** What an answer to a till is made of. */
export type Answer =
  | { readonly status: 200 | 201 | 202; readonly body: object; readonly replayed: boolean }
  | {
      readonly problem: Problem;
      /** What the log says when the problem is a defect or an outage. */
      readonly cause: unknown;
    };

/** What became of a purchase, as HTTP tells it. */
export function answerTo(result: PostPurchaseResult): Answer {
  const { outcome, replayed } = result;
  switch (outcome?.$case) {
    case 'credited':
      return { status: replayed ? 200 : 201, body: creditedBody(outcome.value), replayed };
    case 'pending':
      return { status: 202, body: keptBody('pending', outcome.value, pendingReasons.word), replayed };
    case 'held':
      return { status: 202, body: keptBody('held', outcome.value, holdReasons.word), replayed };
    case 'refused':
      return {
        problem: refusedProblem(outcome.value.reason, outcome.value.purchaseId),
        cause: `refused: ${PurchaseRefusal[outcome.value.reason]}`,
      };
    case 'unprocessed':
      return unprocessedAnswer(outcome.value.reason);
    case undefined:
      return noOutcome;
  }
}

type Credited = Extract<PostPurchaseResult['outcome'], { $case: 'credited' }>['value'];

function creditedBody(value: Credited): z.input<typeof credited> {
  return {
    outcome: 'credited',
    purchaseId: value.purchaseId,
    memberId: value.memberId,
    pointsEarned: value.pointsEarned,
    balance: value.balance,
    tier: tierBody(value.tier),
    receiptText: textBody(value.receiptText),
    entryId: value.entryId || undefined,
    couponCodes: value.couponCodes,
  };
}

function keptBody(
  outcome: 'pending' | 'held',
  value: { purchaseId: string; reason: number; receiptText: ReceiptText | undefined },
  word: (reason: number) => string,
): object {
  return {
    outcome,
    purchaseId: value.purchaseId,
    reason: word(value.reason),
    receiptText: textBody(value.receiptText),
  };
}

export function textBody(text: ReceiptText | undefined): z.input<typeof receiptText> | undefined {
  return text && { zhCN: text.zhCn, en: text.en };
}

export function tierBody(tier: TierProgress | undefined): z.input<typeof tierProgress> | undefined {
  return tier && { ...tier, nextTier: tier.nextTier || undefined };
}

const refusals: Readonly<Record<PurchaseRefusal, readonly [code: ProblemCode, pointer?: string, message?: string]>> = {
  [PurchaseRefusal.RECEIPT_CONFLICT]: ['RECEIPT_CONFLICT', '/receiptNumber', 'Posted before with another body'],
  [PurchaseRefusal.IDEMPOTENCY_KEY_REUSED]: [
    'IDEMPOTENCY_KEY_REUSED',
    '/headers/idempotency-key',
    'Used before with another body',
  ],
  [PurchaseRefusal.BUSINESS_DATE_IN_FUTURE]: [
    'BUSINESS_DATE_IN_FUTURE',
    '/businessDate',
    'Is after today in the store’s zone',
  ],
  [PurchaseRefusal.BUSINESS_DATE_TOO_OLD]: ['BUSINESS_DATE_TOO_OLD', '/businessDate', 'Is too far back'],
  // The edge has let it pass, so the store and the till exist; loyalty hears of new ones a moment later.
  [PurchaseRefusal.UNKNOWN_STORE]: ['TILL_NOT_READY'],
  [PurchaseRefusal.UNKNOWN_TILL]: ['TILL_NOT_READY'],
  [PurchaseRefusal.STORE_NOT_ALLOWED]: ['STORE_NOT_ALLOWED', '/storeId', 'The caller may not act for this store'],
  [PurchaseRefusal.NO_PROGRAMME]: ['NO_PROGRAMME', '/businessDate', 'No programme covers the store on that day'],
  [PurchaseRefusal.CURRENCY_NOT_OF_PROGRAMME]: [
    'CURRENCY_NOT_OF_PROGRAMME',
    '/currency',
    'The programme runs in another currency',
  ],
  [PurchaseRefusal.MEMBER_GONE]: ['MEMBER_GONE', '/member', 'Erased or merged away without a successor'],
  [PurchaseRefusal.MALFORMED]: ['MALFORMED'],
  [PurchaseRefusal.NOT_AUTHENTICATED]: ['INTERNAL'],
  [PurchaseRefusal.UNSPECIFIED]: ['INTERNAL'],
  [PurchaseRefusal.UNRECOGNIZED]: ['INTERNAL'],
};

function refusedProblem(reason: PurchaseRefusal, purchaseId: string): Problem {
  const [code, pointer, message = ''] = refusals[reason];
  return problem(code, {
    ...(pointer && { errors: [{ pointer, message }] }),
    ...(purchaseId && { purchaseId }),
  });
}

const unprocessed: Readonly<Record<UnprocessedReason, ProblemCode>> = {
  [UnprocessedReason.DEADLINE_PASSED]: 'DEADLINE_PASSED',
  [UnprocessedReason.DATABASE_UNAVAILABLE]: 'DEPENDENCY_UNAVAILABLE',
  [UnprocessedReason.OUTCOME_UNKNOWN]: 'OUTCOME_UNKNOWN',
  [UnprocessedReason.OVERLOADED]: 'OVERLOADED',
  [UnprocessedReason.DEFECT]: 'INTERNAL',
  [UnprocessedReason.UNSPECIFIED]: 'INTERNAL',
  [UnprocessedReason.UNRECOGNIZED]: 'INTERNAL',
};

/** Nothing was written; the caller may repeat it as it is, but for a defect. */
export function unprocessedAnswer(reason: UnprocessedReason): Answer {
  return { problem: problem(unprocessed[reason]), cause: `unprocessed: ${UnprocessedReason[reason]}` };
}

export const noOutcome: Answer = { problem: problem('INTERNAL'), cause: 'a result without an outcome' };
