import { type Import, ImportFormat, ImportState, type Rejection } from '@regulars/contracts/members/v1/imports';
import { z } from 'zod';
import { id, language, moment, pageQuery, slug, text } from '../edge/fields.js';
import { wordsOf } from '../edge/words.js';

const formats = wordsOf(ImportFormat);
const states = wordsOf(ImportState);
const count = z.int().min(0);

/** What holds for every row of a file with members (requirement M1). */
export const importBody = z
  .strictObject({
    format: formats.schema.meta({ description: 'CSV with a heading, or a JSON object a line' }),
    dryRun: z.boolean().default(false).meta({ description: 'Whether to check every row and register nobody' }),
    source: slug(40).meta({
      description: 'Where the rows come from: external ids are unique within it',
      examples: ['old-crm'],
    }),
    benefitsVersion: text(32).meta({
      description: 'Version of the benefits notice that everybody in the file accepted',
      examples: ['2026-05'],
    }),
    privacyVersion: text(32).meta({
      description: 'Version of the privacy notice that everybody in the file accepted',
      examples: ['2026-05'],
    }),
    acceptedAt: moment.meta({ description: 'When they were accepted, unless a row says otherwise' }),
    language: language.default('zh-CN'),
  })
  .meta({ id: 'NewImport' });
export type ImportBody = z.output<typeof importBody>;

export const importRead = z
  .object({
    importId: id.meta({ description: 'The import' }),
    format: formats.schema.meta({ description: 'How the file is written' }),
    dryRun: z.boolean().meta({ description: 'Whether nobody is registered' }),
    source: z.string().meta({ description: 'Where the rows come from', examples: ['old-crm'] }),
    state: states.schema,
    reason: z
      .string()
      .optional()
      .meta({ description: 'Why it failed', examples: ['HEADING_UNKNOWN'] }),
    encoding: z
      .string()
      .optional()
      .meta({ description: 'What the file turned out to be', examples: ['gb18030'] }),
    rows: count.meta({ description: 'Rows read so far', examples: [1_000] }),
    registered: count.meta({ description: 'Members registered; of a dry run, who would be', examples: [980] }),
    repeated: count.meta({ description: 'Rows whose external id was registered before', examples: [15] }),
    rejected: count.meta({ description: 'Rows that were not taken', examples: [5] }),
    begunAt: z.iso.datetime().meta({ description: 'When it was begun' }),
    doneAt: z.iso.datetime().optional().meta({ description: 'When the last row was read; missing until then' }),
  })
  .meta({ id: 'Import' });

export const rejectionsQuery = z.strictObject(pageQuery);
export type RejectionsQuery = z.output<typeof rejectionsQuery>;
export const rejectionPage = z
  .object({
    rejections: z
      .array(
        z.object({
          line: count.meta({ description: 'The line of the file on which the row ends, from 1', examples: [42] }),
          pointer: z.string().meta({ description: 'The column; empty for the whole row', examples: ['/mobile'] }),
          reason: z.string().meta({ examples: ['MOBILE_TAKEN'] }),
          message: z.string(),
        }),
      )
      .meta({ description: 'A line for each fault' }),
    nextCursor: z.string().optional(),
  })
  .meta({ id: 'Rejections' });

export function beginningOf({ format, acceptedAt, ...rest }: ImportBody, idempotencyKey: string) {
  return { ...rest, idempotencyKey, format: formats.number(format), acceptedAt: new Date(acceptedAt) };
}

export function importAnswer({ format, state, reason, encoding, ...rest }: Import) {
  return {
    ...rest,
    format: formats.word(format),
    state: states.word(state),
    reason: reason || undefined,
    encoding: encoding || undefined,
  };
}

/** Rejections as lines of CSV, without a heading. */
export function reportLines(rejections: readonly Rejection[]): string {
  return rejections
    .map(({ line, ...told }) => csvLine([String(line), told.pointer, told.reason, told.message]))
    .join('');
}

/**
 * A line of CSV (RFC 4180). A cell that a spreadsheet would take for a formula gets an apostrophe before it, so that
 * nothing that somebody wrote into a file is reckoned with by whoever opens the report.
 */
export function csvLine(cells: readonly string[]): string {
  const quoted = cells.map((cell) => {
    const harmless = /^\s*[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
    return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
  });
  return `${quoted.join(',')}\r\n`;
}
