import { z } from 'zod';
import { field } from '../fields.js';
import { lookedFor } from '../members/names.js';
import { acceptances } from '../members/registration.js';

const mostDays = 3_650;

const tag = z
  .string()
  .regex(/^(?=.{1,40}$)[a-z0-9]+(-[a-z0-9]+)*$/, 'a lower-case word with dashes, such as tasting-club');
const cursor = z.object({ limit: z.number(), cursor: z.string() }).optional();

/** A search (requirement M4). */
export const searchRequest = z
  .object({
    namePrefix: field(
      (written) => (written === '' || (written.length <= 100 && lookedFor(written).length > 0) ? written : undefined),
      'the beginning of a name, at most 100 characters',
    ),
    homeStoreId: z.union([z.literal(''), z.uuid().toLowerCase()], 'a UUID, or empty'),
    tag: z.union([z.literal(''), tag], 'a tag, or empty'),
    tier: z.union([z.literal(''), tag], 'the code of a tier, or empty'),
    page: cursor,
  })
  .refine(({ namePrefix, homeStoreId, tag: told, tier }) => `${namePrefix}${homeStoreId}${told}${tier}` !== '', {
    message: 'the beginning of a name, a store, a tag or a tier',
  });
export type Search = Readonly<z.output<typeof searchRequest>>;

export const tagsRequest = z.object({
  memberId: z.uuid('a UUID'),
  tags: z.array(tag).max(20, 'at most 20'),
  expectedVersion: z.int().min(0, 'the version that was read').optional(),
});

export const staleRequest = z.object({
  olderThanDays: z.int().min(1).max(mostDays, `1 to ${mostDays}`),
  page: cursor,
});

/** Whom to ask to confirm the data (requirement M3). */
export const askRequest = z.object({
  memberIds: z.array(z.uuid('a UUID')).min(1, 'at least one').max(200, 'at most 200'),
});

/** Further versions of notices (requirement M1). */
export function acceptRequest(now: Date) {
  return z.object({
    memberId: z.uuid('a UUID'),
    acceptances: acceptances(now).min(1, 'at least one').max(10, 'at most 10'),
  });
}
