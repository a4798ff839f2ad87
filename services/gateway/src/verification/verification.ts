import { type ContactChange, ContactKind } from '@regulars/contracts/members/v1/verification';
import { z } from 'zod';
import { pageQuery, text } from '../edge/fields.js';
import { wordsOf } from '../edge/words.js';

export const kinds = wordsOf(ContactKind);

export const verificationBody = z
  .strictObject({
    kind: kinds.schema,
    value: z.string().max(254).optional().meta({
      description: 'A new mobile (E.164) or e-mail that takes the place of the one on record; without it that one',
    }),
  })
  .meta({ id: 'NewVerification' });
export type VerificationBody = z.output<typeof verificationBody>;

export const codeBody = z
  .strictObject({
    code: z
      .string()
      .regex(/^\d{6}$/, 'Expected six digits')
      .meta({ examples: ['042917'] }),
  })
  .meta({ id: 'OneTimeCode' });
export type CodeBody = z.output<typeof codeBody>;

export const challenge = z
  .object({ challengeId: z.uuid(), expiresAt: z.iso.datetime() })
  .meta({ id: 'Challenge', description: 'A one-time code is on its way' });

export const verified = z
  .object({
    kind: kinds.schema,
    takenOver: z
      .boolean()
      .meta({ description: 'Whether a member who had not been here for long lost it (recycled number)' }),
  })
  .meta({ id: 'VerifiedContact' });

export const changesQuery = z.strictObject({ purpose: text(200).optional(), ...pageQuery });
export type ChangesQuery = z.output<typeof changesQuery>;

export const changePage = z
  .object({
    changes: z.array(
      z.object({
        kind: kinds.schema,
        oldValue: z.string().optional(),
        newValue: z.string().optional(),
        changedAt: z.iso.datetime().optional(),
        changedBy: z.string(),
        changedFrom: z.string().meta({ examples: ['person'] }),
        reason: z.string().meta({ examples: ['changed'] }),
      }),
    ),
    masked: z.boolean(),
    nextCursor: z.string().optional().meta({ description: 'Missing on the last page' }),
  })
  .meta({ id: 'ContactChanges' });

export function changeAnswer({ kind, oldValue, newValue, ...change }: ContactChange) {
  return { ...change, kind: kinds.word(kind), oldValue: oldValue || undefined, newValue: newValue || undefined };
}
