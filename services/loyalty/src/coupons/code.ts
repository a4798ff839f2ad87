/** No I, L, O, U and no 0, which people and scanners mistake; 31 of them, a prime, so that the check misses nothing. */
const ALPHABET = '123456789ABCDEFGHJKMNPQRSTVWXYZ';
const DRAWN = 15;

/** Random bytes that a code needs at least, so that hardly one ever runs out. */
export const BYTES_PER_CODE = 24;

/**
 * Codes of coupons (requirement L9): 15 characters drawn at random (74 bits: nobody guesses one) and one that checks
 * them. A character drawn from a byte is never more likely than another: bytes that would make it so are left out.
 *
 * @param random bytes of a cryptographic source; as many codes as they suffice for, at most `count`
 */
export function codesFrom(random: Uint8Array, count: number): string[] {
  const codes: string[] = [];
  let drawn = '';
  let sum = 0;
  for (const byte of random) {
    const value = byte & 31;
    if (value === 31) continue;
    sum += value * (drawn.length + 1);
    drawn += ALPHABET.charAt(value);
    if (drawn.length < DRAWN) continue;
    codes.push(drawn + ALPHABET.charAt(sum % 31));
    if (codes.length === count) break;
    drawn = '';
    sum = 0;
  }
  return codes;
}

/** The code that somebody typed or a scanner read: without spaces and dashes, in capitals; undefined when it cannot be one. */
export function codeIn(told: string): string | undefined {
  const code = told.replace(/[\s-]/g, '').toUpperCase();
  if (code.length !== DRAWN + 1) return undefined;
  let sum = 0;
  for (let at = 0; at < DRAWN; at += 1) {
    const value = ALPHABET.indexOf(code.charAt(at));
    if (value < 0) return undefined;
    sum += value * (at + 1);
  }
  return code.charAt(DRAWN) === ALPHABET.charAt(sum % 31) ? code : undefined;
}
