const mostCharacters = 100;
// Control characters, line separators and marks that turn the direction of the text around them.
const unseen = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/u;

/**
 * A name as it is stored: NFC, without blanks at its ends, 1 to 100 characters (requirement M2).
 *
 * @returns undefined for what is no name
 */
export function nameOf(text: string): string | undefined {
  const name = text.normalize('NFC').trim();
  const { length } = Array.from(name);
  return length >= 1 && length <= mostCharacters && !unseen.test(name) ? name : undefined;
}

/** The first character, and not how many follow: 王小明 is 王**, as is 王五. */
export function maskedName(name: string): string {
  return `${Array.from(name)[0] ?? ''}**`;
}
