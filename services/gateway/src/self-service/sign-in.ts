import { z } from 'zod';
import { id, told } from '../edge/fields.js';
import { codeBody } from '../verification/verification.js';

export const signInBody = z
  .strictObject({
    mobile: z
      .string()
      .max(200)
      .optional()
      .meta({ examples: ['+8613800138000'] }),
    email: z
      .string()
      .max(254)
      .optional()
      .meta({ examples: ['emma@guests.example'] }),
  })
  .refine((body) => told(body) === 1, { error: 'Expected exactly one of mobile and email' })
  .meta({ id: 'SignIn' });
export type SignInBody = z.output<typeof signInBody>;

export const sessionBody = codeBody.extend({ challengeId: id }).meta({ id: 'NewSession' });
export type SessionBody = z.output<typeof sessionBody>;

export const session = z
  .object({
    memberId: z.uuid(),
    token: z.string().meta({ description: 'The bearer of the member’s own routes' }),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'Session' });
