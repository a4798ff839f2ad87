import { isCurrency } from '@regulars/amounts';
import { z } from 'zod';

/** An id of ours: UUID, lower case inside. */
export const id = z.uuid({ error: 'Expected a UUID' }).toLowerCase();

/** Text that people typed, without control characters. */
export function text(longest: number, shortest = 1) {
  return z
    .string()
    .min(shortest)
    .max(longest)
    .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'Expected text without control characters');
}

/** Text of several lines. */
export function paragraphs(longest: number) {
  return z
    .string()
    .min(1)
    .max(longest)
    .regex(/^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$/, 'Expected text without control characters');
}

/** A lower-case word with dashes, such as `dine-in`. */
export function slug(longest: number) {
  return z
    .string()
    .max(longest)
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'Expected lower-case words with dashes, such as dine-in');
}

/** A short unique code, such as SH-BUND. */
export const code = z
  .string()
  .regex(/^[A-Z0-9]+(-[A-Z0-9]+)*$/, 'Expected A-Z, 0-9 and dashes')
  .max(20)
  .meta({ examples: ['SH-BUND'] });

/** Money in minor units (fen, cents): a safe whole number, 0 or more. */
export const minor = z
  .int()
  .min(0)
  .meta({ examples: [12800], description: 'Minor units: fen, cents' });

export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'Expected an ISO 4217 code such as CNY')
  .refine(isCurrency, { error: 'Not a known ISO 4217 currency' })
  .meta({ examples: ['CNY'] });

export const date = z.iso.date({ error: 'Expected a date as YYYY-MM-DD' }).meta({ examples: ['2026-11-02'] });

/** A moment as RFC 3339 with offset. */
export const moment = z.iso
  .datetime({ offset: true, error: 'Expected RFC 3339 with an offset, such as 2026-11-02T19:45:00+08:00' })
  .meta({ examples: ['2026-11-02T19:45:00+08:00'] });

export const language = z.enum(['zh-CN', 'en']);

export const mobile = z
  .string()
  .regex(/^\+[1-9]\d{6,14}$/, 'Expected E.164, such as +8613800138000')
  .meta({ examples: ['+8613800138000'] });

export const memberNumber = z
  .string()
  .regex(/^\d{1,32}$/, 'Expected the digits of a member number')
  .meta({ examples: ['8600001234'] });

export const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, { error: 'Not a known IANA time zone' })
  .meta({ examples: ['Asia/Shanghai'] });

/** How many of some optional fields are there. */
export function told(fields: Readonly<Record<string, unknown>>): number {
  return Object.values(fields).filter((value) => value !== undefined).length;
}

/** `limit` and `cursor` of a list. */
export const pageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'Expected a whole number')
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= 200, { error: 'Expected 1 to 200' })
    .optional()
    .meta({ type: 'integer', minimum: 1, maximum: 200, description: 'Rows at most; 50 when missing' }),
  cursor: z.string().max(1_000).optional().meta({ description: '`nextCursor` of the page before' }),
};

/** How a list asks its owner for a page. */
export function pageRequest(query: { limit?: number | undefined; cursor?: string | undefined }) {
  return { limit: query.limit ?? 0, cursor: query.cursor ?? '' };
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return !/^[+-]/.test(name);
  } catch {
    return false;
  }
}
