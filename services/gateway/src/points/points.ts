import {
  type Entry,
  EntryKind,
  type ExplainEntryResponse,
  type ExplainStep,
  type GetBalanceResponse,
} from '@regulars/contracts/loyalty/v1/points';
import { z } from 'zod';
import { date, id, pageQuery } from '../edge/fields.js';
import { wordsOf } from '../edge/words.js';
import { receiptText, textBody, tierBody, tierProgress } from '../purchases/outcomes.js';

const kinds = wordsOf(EntryKind);
const programmeId = id.optional().meta({ description: 'Needed when the member has several accounts' });
const points = z.int().meta({ examples: [128] });

export const balanceQuery = z.strictObject({ programmeId });
export type BalanceQuery = z.output<typeof balanceQuery>;
export const entriesQuery = z.strictObject({ programmeId, ...pageQuery });
export type EntriesQuery = z.output<typeof entriesQuery>;
export const statementQuery = z.strictObject({
  programmeId,
  month: z
    .string()
    .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'Expected a month as YYYY-MM')
    .meta({ examples: ['2026-11'] }),
  ...pageQuery,
});
export type StatementQuery = z.output<typeof statementQuery>;

export const balance = z
  .object({
    memberId: id,
    programmeId: id,
    balance: points.meta({ description: 'Below zero when points are owed' }),
    tier: tierProgress.optional(),
    expiringPoints: points.optional(),
    expiringAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'Balance' });

const entry = z
  .object({
    entryId: id,
    memberId: id,
    programmeId: id,
    memberSeq: z.int().meta({ description: 'Counts the member’s entries without a gap' }),
    kind: kinds.schema,
    points,
    balanceAfter: points,
    sourceId: z.string().meta({ description: 'The purchase, the refund or the lot it comes from' }),
    storeId: id.optional(),
    businessDate: date.optional(),
    postedAt: z.iso.datetime(),
  })
  .meta({ id: 'Entry' });
const nextCursor = z.string().optional().meta({ description: 'Missing on the last page' });

export const entryPage = z.object({ entries: z.array(entry), nextCursor }).meta({ id: 'Entries' });
export const statement = z
  .object({
    month: z.string(),
    openingBalance: points,
    closingBalance: points,
    earned: points,
    taken: points,
    entries: z.array(entry),
    nextCursor,
  })
  .meta({ id: 'Statement' });
/** A step of the reckoning behind points. */
export const step = z.object({
  code: z.string().meta({ examples: ['base-accrual'] }),
  pointsE4: z.int().meta({ description: 'Points after this step, in ten-thousandths' }),
  numbers: z.record(z.string(), z.int()),
  text: receiptText.optional(),
});
export const explanation = z
  .object({ entry, programmeVersion: z.int(), steps: z.array(step) })
  .meta({ id: 'Explanation' });

export function balanceAnswer({ expiringPoints, expiringAt, tier, ...rest }: GetBalanceResponse) {
  return { ...rest, tier: tierBody(tier), expiringPoints: expiringAt && expiringPoints, expiringAt };
}

export function entryAnswer({ kind, storeId, businessDate, ...rest }: Entry) {
  return {
    ...rest,
    kind: kinds.word(kind),
    storeId: storeId || undefined,
    businessDate: businessDate || undefined,
  };
}

export function explanationAnswer(entry: Entry, { programmeVersion, steps }: ExplainEntryResponse) {
  return {
    entry: entryAnswer(entry),
    programmeVersion,
    steps: stepsAnswer(steps),
  };
}

export function stepsAnswer(steps: readonly ExplainStep[]) {
  return steps.map((step) => ({ ...step, text: textBody(step.text) }));
}
