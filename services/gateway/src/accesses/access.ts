import type { Access } from '@regulars/contracts/members/v1/access';
import { z } from 'zod';
import { pageQuery } from '../edge/fields.js';

export const accessesQuery = z.strictObject({ ...pageQuery });
export type AccessesQuery = z.output<typeof accessesQuery>;

export const accessPage = z
  .object({
    accesses: z.array(
      z.object({
        at: z.iso.datetime().optional(),
        principal: z.string().meta({ description: 'Who: a person, or a service by its name' }),
        principalKind: z.string().meta({ examples: ['person'] }),
        roles: z.array(z.string()),
        fields: z.array(z.string()).meta({ examples: [['name', 'mobile']] }),
        purpose: z.string().meta({ examples: ['guest-contact'] }),
        traceId: z.string().optional(),
      }),
    ),
    nextCursor: z.string().optional().meta({ description: 'Missing on the last page' }),
  })
  .meta({ id: 'Accesses' });

export function accessAnswer({ traceId, ...access }: Access) {
  return { ...access, traceId: traceId || undefined };
}
