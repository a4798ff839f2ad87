import {
  type Conflict,
  ConflictAction,
  type StoreDay,
  type TillDay,
} from '@regulars/contracts/loyalty/v1/reconciliation';
import { z } from 'zod';
import { currency, date, id, minor, pageQuery, paragraphs } from '../edge/fields.js';
import { wordsOf } from '../edge/words.js';

const actions = wordsOf(ConflictAction);
const count = z.int().min(0);

const gap = z
  .object({
    first: z.string().meta({ description: 'First missing number', examples: ['000128'] }),
    last: z.string().meta({ description: 'Last missing number', examples: ['000130'] }),
    missing: count.meta({ description: 'How many' }),
  })
  .meta({ id: 'NumberGap' });

const tillDay = z
  .object({
    tillId: id,
    posted: count.meta({ description: 'Purchases posted' }),
    postedMinor: minor,
    credited: count.meta({ description: 'Purchases that earned points' }),
    creditedMinor: minor,
    pending: count.meta({ description: 'Purchases whose member is not known, or that nobody was named for' }),
    held: count.meta({ description: 'Purchases that a person has to look at' }),
    pointsTold: count.meta({ description: 'Points that the till was told' }),
    pointsBooked: count.meta({ description: 'Points in the ledger for the same purchases: never another number' }),
    refunds: count.meta({ description: 'Refunds posted' }),
    pointsTakenBack: count.meta({ description: 'Points that refunds took back, owed ones with them' }),
    openConflicts: count.meta({ description: 'Receipts with another body that nobody has settled' }),
    settledConflicts: count.meta({ description: 'Settled ones' }),
    gaps: z.array(gap).meta({ description: 'Receipt numbers between others that nobody posted; at most 200' }),
    missingNumbers: count.meta({ description: 'Numbers missing in all gaps' }),
    isSequence: z.boolean().meta({ description: 'Whether the till numbers its receipts one after the other' }),
    postedSinceReport: count.meta({ description: 'Purchases posted after the report of the morning' }),
  })
  .meta({ id: 'TillDay' });

/** A business day of a store (requirement L17). */
export const storeDay = z
  .object({
    storeId: id,
    businessDate: date,
    programmeId: id,
    currency,
    tills: z.array(tillDay).meta({ description: 'Tills that posted something' }),
    reportedAt: z.iso.datetime().optional().meta({ description: 'When the report of the morning was made' }),
  })
  .meta({ id: 'StoreDay' });

export const reportsQuery = z.strictObject({
  storeId: id.optional().meta({ description: 'Only of this store' }),
  ...pageQuery,
});
export type ReportsQuery = z.output<typeof reportsQuery>;

export const reportPage = z
  .object({ reports: z.array(storeDay).meta({ description: 'The page' }), nextCursor: z.string().optional() })
  .meta({ id: 'DayReports' });

export const conflictsQuery = z.strictObject({
  storeId: id.optional().meta({ description: 'Only of this store' }),
  open: z.enum(['true', 'false']).default('false').meta({ description: 'Only those that nobody has settled' }),
  ...pageQuery,
});
export type ConflictsQuery = z.output<typeof conflictsQuery>;

export const settlementBody = z
  .strictObject({
    action: actions.schema.meta({ description: 'What was done' }),
    note: paragraphs(500).meta({ description: 'In words', examples: ['收银机重启后重号，已按新号补录'] }),
  })
  .meta({ id: 'ConflictSettlement' });
export type SettlementBody = z.output<typeof settlementBody>;

export const conflict = z
  .object({
    conflictId: id,
    programmeId: id,
    storeId: id,
    tillId: id,
    businessDate: date,
    receiptNumber: z.string(),
    kind: z.enum(['purchase', 'refund', 'claim']).meta({ description: 'What came' }),
    body: z.unknown().meta({ description: 'What came, as it was compared: nothing was credited for it' }),
    postedAt: z.iso.datetime().optional().meta({ description: 'When it came' }),
    action: actions.schema.optional().meta({ description: 'What was done; missing while nobody has settled it' }),
    note: z.string().optional().meta({ description: 'In the words of who settled it' }),
    settledBy: z.string().optional().meta({ description: 'Who' }),
    settledAt: z.iso.datetime().optional().meta({ description: 'When' }),
  })
  .meta({ id: 'Conflict' });
export const conflictPage = z
  .object({ conflicts: z.array(conflict).meta({ description: 'The page' }), nextCursor: z.string().optional() })
  .meta({ id: 'Conflicts' });

export function actionNumber(word: SettlementBody['action']) {
  return actions.number(word);
}

export function conflictAnswer({ receipt, bodyJson, action, note, settledBy, ...rest }: Conflict) {
  return {
    ...rest,
    ...receipt,
    body: JSON.parse(bodyJson) as unknown,
    action: action === ConflictAction.UNSPECIFIED ? undefined : actions.word(action),
    note: note || undefined,
    settledBy: settledBy || undefined,
  };
}

const columns = [
  'tillId',
  'posted',
  'postedMinor',
  'credited',
  'creditedMinor',
  'pending',
  'held',
  'pointsTold',
  'pointsBooked',
  'refunds',
  'pointsTakenBack',
  'openConflicts',
  'settledConflicts',
  'missingNumbers',
] as const satisfies readonly (keyof TillDay)[];

/** A day as a table for a spreadsheet: a line for each till, gaps in the last column. */
export function dayTable({ storeId, businessDate, tills }: StoreDay): string[][] {
  const head = ['storeId', 'businessDate', ...columns, 'gaps'];
  const rows = tills.map((till) => [
    storeId,
    businessDate,
    ...columns.map((name) => String(till[name])),
    till.gaps.map(({ first, last }) => (first === last ? first : `${first} to ${last}`)).join('; '),
  ]);
  return [head, ...rows];
}
