import { textOf } from '../fields.js';

const mostCharacters = 100;

/** A name as it is stored (requirement M2). @returns undefined for what is no name */
export function nameOf(text: string): string | undefined {
  return textOf(text, mostCharacters);
}

/** The first character, and not how many follow: 王小明 is 王**, as is 王五. */
export function maskedName(name: string): string {
  return `${Array.from(name)[0] ?? ''}**`;
}
