import { z } from 'zod';

const shape = /^[A-Z0-9-]{1,20}$/;
// Control characters, line separators and marks that turn the direction of the text around them.
const unseen = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/u;

/** Text that people read, in NFC and without blanks at its ends; `most` counts characters, not code units. */
function text(most: number) {
  return z
    .string()
    .transform((value) => value.normalize('NFC').trim())
    .refine((value) => value !== '' && Array.from(value).length <= most, `1 to ${most} characters`)
    .refine((value) => !unseen.test(value), 'no control characters');
}

/** A code that people say and type. */
export const code = z.string().regex(shape, 'A-Z, 0-9 and dashes, 1 to 20 characters');

/** The name of a brand or a store in one language. */
export const name = text(100);

/** The number of a till within its store. */
export const tillNumber = text(20);

/** The id of a record. */
export const id = z.uuid('a UUID');

/** Languages that texts for guests are written in. */
export const language = z.enum(['zh-CN', 'en'], 'zh-CN or en');

/** A name of the IANA time zone database that this runtime knows; an offset has no daylight saving and is none. */
export const timeZone = z.string().refine(isTimeZone, 'an IANA time zone such as Asia/Shanghai');

/** When the business day ends, in minutes after local midnight. */
export const dayCutoverMinutes = z.int('a whole number').min(0, '0 to 720').max(720, '0 to 720');

function isTimeZone(zone: string): boolean {
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    // Intl has no question for this: it throws a RangeError for a zone that it does not know.
    return false;
  }
}
