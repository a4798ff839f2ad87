import { z } from 'zod';
import { id, pageQuery, slug, text, told } from '../edge/fields.js';
import { acceptance, member } from '../members/member.js';

const tag = slug(40).meta({ examples: ['tasting-club'] });

/** What members have in common who are looked for. */
export const searchQuery = z
  .strictObject({
    namePrefix: text(100)
      .optional()
      .meta({
        description:
          'The beginning of the name: 2 Chinese characters, or 3 letters of a word; shorter finds whole words',
        examples: ['周晓'],
      }),
    homeStoreId: id.optional(),
    tag: tag.optional(),
    ...pageQuery,
  })
  .refine(({ namePrefix, homeStoreId, tag: wanted }) => told({ namePrefix, homeStoreId, wanted }) > 0, {
    error: 'Expected namePrefix, homeStoreId or tag',
  });
export type SearchQuery = z.output<typeof searchQuery>;

export const staleQuery = z.strictObject({
  olderThanDays: z
    .string()
    .regex(/^\d{1,4}$/, 'Expected a whole number')
    .transform(Number)
    .default(365)
    .meta({ type: 'integer', minimum: 1, maximum: 3_650, description: 'Not confirmed for so many days' }),
  ...pageQuery,
});
export type StaleQuery = z.output<typeof staleQuery>;

export const tagsBody = z.strictObject({ tags: z.array(tag).max(20) }).meta({ id: 'Tags' });
export type TagsBody = z.output<typeof tagsBody>;

export const acceptancesBody = z
  .strictObject({ acceptances: z.array(acceptance).min(1).max(10) })
  .meta({ id: 'NewAcceptances' });
export type AcceptancesBody = z.output<typeof acceptancesBody>;

const nextCursor = z.string().optional().meta({ description: 'Missing on the last page' });
export const memberPage = z.object({ members: z.array(member), nextCursor }).meta({ id: 'Members' });
export const stalePage = z
  .object({ members: z.array(z.object({ member, confirmedAt: z.iso.datetime() })), nextCursor })
  .meta({ id: 'StaleMembers' });
export const confirmation = z.object({ confirmedAt: z.iso.datetime() }).meta({ id: 'Confirmation' });
export const acceptancesRead = z.object({ acceptances: z.array(acceptance) }).meta({ id: 'Acceptances' });
