import { z } from 'zod';
import { faultsOf } from '../edge/faults.js';
import { type Problem, problem, problemDocument } from '../edge/problems.js';
import type { Answer } from './outcomes.js';
import { type PurchaseBody, purchaseBody } from './purchase.js';

export const MOST_LINES = 1_000;
export const LONGEST_LINE_BYTES = 64 * 1024;

/** A line of the answer to a batch: what became of one line. */
export const lineResult = z
  .object({
    line: z.int().meta({ description: 'From 1' }),
    status: z.int().meta({ description: 'As the purchase alone would have been answered' }),
    replayed: z.boolean().optional(),
    result: z.object({}).loose().optional(),
    problem: z.object({}).loose().optional(),
  })
  .meta({ id: 'BatchLine' });

/** The last line of the answer. */
export const batchEnd = z
  .object({
    end: z.literal(true),
    lines: z.int().meta({ description: 'How many lines were answered' }),
    whole: z
      .boolean()
      .meta({ description: 'Whether the stream was read to its end; the lines answered are kept anyway' }),
    reason: z.enum(['CUT_OFF', 'TOO_MANY_LINES']).optional(),
  })
  .meta({ id: 'BatchEnd' });

export type BatchEnd = z.output<typeof batchEnd>;

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
export function lineOf(line: number, answer: Answer, traceId: string): z.input<typeof lineResult> {
  if ('problem' in answer) {
    const { status } = answer.problem;
    return { line, status, problem: problemDocument(answer.problem, traceId) };
  }
  return { line, status: answer.status, replayed: answer.replayed, result: { ...answer.body } };
}
