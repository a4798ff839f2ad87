import { z } from 'zod';
import { id, pageQuery, slug, text, told } from '../edge/fields.js';
import { acceptance, acceptanceRead, member } from '../members/member.js';

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
    tier: slug(32)
      .optional()
      .meta({ description: 'Tier on which the member stands since the last purchase or change', examples: ['gold'] }),
    ...pageQuery,
  })
  .refine(({ namePrefix, homeStoreId, tag: wanted, tier }) => told({ namePrefix, homeStoreId, wanted, tier }) > 0, {
    error: 'Expected namePrefix, homeStoreId, tag or tier',
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
  .object({
    members: z.array(
      z.object({
        member,
        confirmedAt: z.iso.datetime(),
        askedAt: z.iso
          .datetime()
          .optional()
          .meta({
            description: 'When the member was last asked to confirm it; missing when never',
            examples: ['2026-11-02T11:45:01Z'],
          }),
      }),
    ),
    nextCursor,
  })
  .meta({ id: 'StaleMembers' });
export const askBody = z
  .strictObject({
    memberIds: z.array(id).min(1).max(200).meta({ description: 'Members of the list of those whose data is old' }),
  })
  .meta({ id: 'ConfirmationRequest' });
export type AskBody = z.output<typeof askBody>;
export const asked = z
  .object({
    askedIds: z.array(id).meta({
      description:
        'Those who are asked; left out is who was asked or confirmed within 30 days, whose data is restricted, and whom the caller may not know',
    }),
  })
  .meta({ id: 'ConfirmationAsked' });
export const confirmation = z.object({ confirmedAt: z.iso.datetime() }).meta({ id: 'Confirmation' });
export const acceptancesRead = z.object({ acceptances: z.array(acceptanceRead) }).meta({ id: 'Acceptances' });
