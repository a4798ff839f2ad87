import { type Refund, type RefundPurchaseResult, RefundRefusal } from '@regulars/contracts/loyalty/v1/purchases';
import { z } from 'zod';
import { id, minor } from '../edge/fields.js';
import { type Problem, type ProblemCode, problem } from '../edge/problems.js';
import { type Answer, noOutcome, receiptText, textBody, unprocessedAnswer } from './outcomes.js';
import { businessDate, type Counter, receiptNumber, receiptOf, rungAt } from './purchase.js';

const refundLine = z.strictObject({
  line: z.int().min(0).max(499).meta({ description: 'Position of the line in the purchase, from 0' }),
  quantityMilli: z
    .int()
    .min(1)
    .meta({ examples: [1000] }),
  amountMinor: minor,
});

/** The body of a refund (requirement L6): its own receipt, and the receipt of what is given back. */
export const refundBody = z
  .strictObject({
    storeId: id.optional().meta({ description: 'The till’s own store when a till calls' }),
    tillId: id.optional().meta({ description: 'The till itself when a till calls' }),
    businessDate,
    receiptNumber,
    rungAt,
    purchase: z.strictObject({
      storeId: id.optional().meta({ description: 'The same store as the refund when left out' }),
      tillId: id.optional().meta({ description: 'The same till as the refund when left out' }),
      businessDate,
      receiptNumber,
    }),
    lines: z.array(refundLine).max(500).optional().meta({ description: 'Left out or empty for the whole purchase' }),
  })
  .meta({ id: 'Refund' });
export type RefundBody = z.output<typeof refundBody>;

/** 201 (200 for a replay): points were taken back. */
export const takenBack = z
  .object({
    outcome: z.literal('taken-back'),
    refundId: z.uuid(),
    memberId: z.uuid().optional(),
    pointsTaken: z.int(),
    pointsOwed: z.int().meta({ description: 'Points that were already spent' }),
    pointsReturned: z.int().meta({ description: 'Points given back that the purchase was paid with' }),
    couponsReturned: z.int().meta({ description: 'How many coupons can be used again' }),
    balance: z.int(),
    receiptText: receiptText.optional(),
  })
  .meta({ id: 'PointsTakenBack' });

/** 202: the purchase has not arrived yet; the refund is kept and applied when it comes. */
export const waitingRefund = z
  .object({ outcome: z.literal('waiting'), refundId: z.uuid(), receiptText: receiptText.optional() })
  .meta({ id: 'RefundWaiting' });

/** The refund as loyalty takes it. */
export function refundOf(body: RefundBody, counter: Counter): Refund {
  const { storeId = counter.storeId, tillId = counter.tillId } = body.purchase;
  return {
    purchase: receiptOf(body.purchase, { storeId, tillId }),
    refund: receiptOf(body, counter),
    rungAt: new Date(body.rungAt),
    lines: body.lines ?? [],
  };
}

/** What became of a refund, as HTTP tells it. */
export function answerToRefund({ outcome, replayed }: RefundPurchaseResult): Answer {
  switch (outcome?.$case) {
    case 'takenBack': {
      const { memberId, receiptText: text, ...rest } = outcome.value;
      const body = { outcome: 'taken-back', ...rest, memberId: memberId || undefined, receiptText: textBody(text) };
      return { status: replayed ? 200 : 201, body, replayed };
    }
    case 'waiting': {
      const { refundId, receiptText: text } = outcome.value;
      return { status: 202, body: { outcome: 'waiting', refundId, receiptText: textBody(text) }, replayed };
    }
    case 'refused':
      return {
        problem: refusedProblem(outcome.value.reason),
        cause: `refused: ${RefundRefusal[outcome.value.reason]}`,
      };
    case 'unprocessed':
      return unprocessedAnswer(outcome.value.reason);
    case undefined:
      return noOutcome;
  }
}

const refusals: Readonly<Record<RefundRefusal, readonly [code: ProblemCode, pointer?: string, message?: string]>> = {
  [RefundRefusal.MORE_THAN_BOUGHT]: ['MORE_THAN_BOUGHT', '/lines', 'More than was bought and not refunded yet'],
  [RefundRefusal.ALREADY_REFUNDED]: ['ALREADY_REFUNDED', '/purchase', 'Everything is refunded already'],
  [RefundRefusal.UNKNOWN_LINE]: ['LINE_UNKNOWN', '/lines', 'The purchase has no such line'],
  [RefundRefusal.RECEIPT_CONFLICT]: ['RECEIPT_CONFLICT', '/receiptNumber', 'Posted before with another body'],
  [RefundRefusal.IDEMPOTENCY_KEY_REUSED]: [
    'IDEMPOTENCY_KEY_REUSED',
    '/headers/idempotency-key',
    'Used before with another body',
  ],
  [RefundRefusal.STORE_NOT_ALLOWED]: ['STORE_NOT_ALLOWED', '/storeId', 'The caller may not act for this store'],
  [RefundRefusal.BUSINESS_DATE_IN_FUTURE]: ['BUSINESS_DATE_IN_FUTURE', '/businessDate', 'Is after today in the store'],
  [RefundRefusal.BUSINESS_DATE_TOO_OLD]: ['BUSINESS_DATE_TOO_OLD', '/businessDate', 'Is too far back'],
  // The edge has let it pass; loyalty hears of new tills a moment later.
  [RefundRefusal.UNKNOWN_TILL]: ['TILL_NOT_READY'],
  [RefundRefusal.POINTS_ALREADY_SPENT]: ['POINTS_ALREADY_SPENT'],
  [RefundRefusal.MALFORMED]: ['MALFORMED'],
  [RefundRefusal.NOT_AUTHENTICATED]: ['INTERNAL'],
  [RefundRefusal.UNSPECIFIED]: ['INTERNAL'],
  [RefundRefusal.UNRECOGNIZED]: ['INTERNAL'],
};

function refusedProblem(reason: RefundRefusal): Problem {
  const [code, pointer, message = ''] = refusals[reason];
  return problem(code, pointer === undefined ? {} : { errors: [{ pointer, message }] });
}
