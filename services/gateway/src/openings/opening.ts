import { type Opening, OpeningBalance, OpeningState } from '@regulars/contracts/loyalty/v1/openings';
import { z } from 'zod';
import { id, pageQuery, slug } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { wordsOf } from '../edge/words.js';

const states = wordsOf(OpeningState);
const balances = wordsOf(OpeningBalance);
const count = z.int().min(0);

const sum = z.strictObject({
  rows: count.meta({ description: 'Rows of the file', examples: [2_000] }),
  points: count.meta({ description: 'Points in them', examples: [1_250_000] }),
});

const source = slug(40).meta({
  description:
    'Where the rows come from: external ids are unique within it. That of an import of members finds those by their external id',
  examples: ['old-club'],
});

/** The body that begins an opening (requirement L16). */
export const openingBody = z
  .strictObject({
    programmeId: id,
    source,
    dryRun: z.boolean().default(false).meta({ description: 'Whether to check every row and book nothing' }),
    expected: sum.optional().meta({ description: 'What the file should come to' }),
  })
  .meta({ id: 'NewOpening' });
export type OpeningBody = z.output<typeof openingBody>;

export const openingsQuery = z.strictObject({ programmeId: id, ...pageQuery });
export type OpeningsQuery = z.output<typeof openingsQuery>;
export const openingRejectionsQuery = z.strictObject(pageQuery);
export type OpeningRejectionsQuery = z.output<typeof openingRejectionsQuery>;

export const openingRead = z
  .object({
    openingId: id.meta({ description: 'The opening' }),
    programmeId: id,
    source,
    dryRun: z.boolean().meta({ description: 'Whether nothing is booked' }),
    state: states.schema.meta({ description: 'done: every row was read; rows of unknown members may still wait' }),
    reason: z
      .string()
      .optional()
      .meta({ description: 'Why it failed', examples: ['LINE_TOO_LONG'] }),
    expected: sum.optional().meta({ description: 'What was told to expect' }),
    file: sum.meta({ description: 'All that was read; points of rows that cannot be read are unknown' }),
    booked: sum.meta({ description: 'What was booked; of a dry run, what would be' }),
    waiting: sum.meta({ description: 'What waits for members who are not known yet' }),
    repeated: sum.meta({ description: 'What was booked before under the same external id' }),
    rejected: sum.meta({ description: 'What was not taken' }),
    ledgerPoints: z
      .int()
      .meta({ description: 'What its entries come to, summed in the ledger', examples: [1_250_000] }),
    balance: balances.schema.optional().meta({
      description:
        'matches: file, expectation and ledger come to the same. waits: members are missing. differs: rows were rejected or a sum is another. Missing while it moves',
    }),
    begunBy: z.string().meta({ description: 'Who began it' }),
    begunAt: z.iso.datetime().meta({ description: 'When it was begun' }),
    doneAt: z.iso.datetime().optional().meta({ description: 'When the last row was read' }),
    undoneAt: z.iso.datetime().optional().meta({ description: 'When the last row was taken back' }),
  })
  .meta({ id: 'Opening' });
export const openingPage = z
  .object({
    openings: z.array(openingRead).meta({ description: 'The page' }),
    nextCursor: z.string().optional(),
  })
  .meta({ id: 'Openings' });

export const openingRejectionPage = z
  .object({
    rejections: z
      .array(
        z.object({
          line: count.meta({ description: 'The line of the file, from 1', examples: [42] }),
          pointer: z
            .string()
            .meta({ description: 'Where in the row; empty for all of it', examples: ['/lots/0/expiresOn'] }),
          reason: z.string().meta({ examples: ['ENDED'] }),
          message: z.string(),
        }),
      )
      .meta({ description: 'A line for each fault' }),
    nextCursor: z.string().optional(),
  })
  .meta({ id: 'OpeningRejections' });

export function openingAnswer({ state, reason, balance, ...rest }: Opening) {
  return {
    ...rest,
    state: states.word(state),
    reason: reason || undefined,
    file: present(rest.file),
    booked: present(rest.booked),
    waiting: present(rest.waiting),
    repeated: present(rest.repeated),
    rejected: present(rest.rejected),
    balance: balance === OpeningBalance.UNSPECIFIED ? undefined : balances.word(balance),
  };
}
