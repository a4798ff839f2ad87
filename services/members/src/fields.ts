import { z } from 'zod';

// Control characters, line separators, what has no width, and marks that turn the direction of the text around them.
const unseen = /[\p{Cc}\u00ad\u200b\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff]/u;

/** From the Idempotency-Key header. */
export const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,128}$/, '1 to 128 visible ASCII characters');

/**
 * A text as it is stored: NFC, without blanks at its ends.
 *
 * @param most how many characters, not code units
 * @returns undefined for what is empty, too long or has control characters
 */
export function textOf(written: string, most: number): string | undefined {
  const stored = written.normalize('NFC').trim();
  const { length } = Array.from(stored);
  return length >= 1 && length <= most && !unseen.test(stored) ? stored : undefined;
}

/** A field in the form that `normalise` gives it, refused where it gives none. */
export function field(normalise: (written: string) => string | undefined, message: string) {
  return z.string().transform((written, context) => {
    const stored = normalise(written);
    if (stored !== undefined) return stored;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}

/** The same, or empty. */
export function optionalField(normalise: (written: string) => string | undefined, message: string) {
  return field((written) => (written === '' ? '' : normalise(written)), message);
}

/** A text of 1 to `most` characters. */
export function text(most: number) {
  return field((written) => textOf(written, most), `1 to ${most} characters, no control characters`);
}

/** The same, or empty. */
export function optionalText(most: number) {
  return optionalField((written) => textOf(written, most), `at most ${most} characters, no control characters`);
}
