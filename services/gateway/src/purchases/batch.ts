import { z } from 'zod';
import { faultsOf } from '../edge/faults.js';
import { type Problem, problem, problemDocument, problemSchema } from '../edge/problems.js';
import { type Answer, credited, kept } from './outcomes.js';
import { examplePurchase, type PurchaseBody, purchaseBody } from './purchase.js';

export const MOST_LINES = 1_000;
export const LONGEST_LINE_BYTES = 64 * 1024;

/** A line of the answer to a batch: what became of one line. */
const lineResult = z
  .object({
    line: z.int().meta({ description: 'From 1' }),
    status: z.int().meta({ description: 'As the purchase alone would have been answered' }),
    replayed: z.boolean().optional().meta({ description: 'Whether this repeats an earlier answer' }),
    result: z.union([credited, kept]).optional(),
    problem: problemSchema.optional().meta({ description: 'Why this line was not taken, when it was not' }),
  })
  .meta({
    id: 'BatchLine',
    examples: [
      {
        line: 2,
        status: 409,
        problem: problemDocument(problem('RECEIPT_CONFLICT'), '0af7651916cd43dd8448eb211c80319c'),
      },
    ],
  });

/** The last line of the answer. */
const batchEnd = z
  .object({
    end: z.literal(true).meta({ description: 'Tells this line from the others' }),
    lines: z.int().meta({ description: 'How many lines were answered' }),
    whole: z
      .boolean()
      .meta({ description: 'Whether the stream was read to its end; the lines answered are kept anyway' }),
    reason: z.enum(['CUT_OFF', 'TOO_MANY_LINES']).optional().meta({ description: 'Why not all lines were read' }),
  })
  .meta({ id: 'BatchEnd' });

export type BatchEnd = z.output<typeof batchEnd>;

/** A line of the answer. */
export const answerLine = z.union([lineResult, batchEnd]);

/** Two purchases as they stand in a batch. */
export const exampleLines = ['0042', '0043']
  .map((receiptNumber) => `${JSON.stringify({ ...examplePurchase, receiptNumber })}\n`)
  .join('');

/** The purchase in a line, or what is wrong with it; `isJson` tells a line that was cut off from one that is wrong. */
export type ReadLine = { readonly body: PurchaseBody } | { readonly problem: Problem; readonly isJson: boolean };

export function readLine(text: string): ReadLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: problem('MALFORMED_JSON'), isJson: false };
  }
  const parsed = purchaseBody.safeParse(value);
  if (parsed.success) return { body: parsed.data };
  return { problem: problem('MALFORMED', { errors: faultsOf(parsed.error.issues, 'body') }), isJson: true };
}

/** What is written for a line. */
export function lineOf(line: number, answer: Answer, traceId: string): object {
  if ('problem' in answer) {
    const { status } = answer.problem;
    return { line, status, problem: problemDocument(answer.problem, traceId) };
  }
  return { line, status: answer.status, replayed: answer.replayed, result: answer.body };
}
