import { damm } from 'cdigit';

/**
 * The number that a guest is told: a count and a check digit by Damm's algorithm, which notices every single wrong digit
 * and every pair that changed places.
 */
export function caseNumber(count: number): string {
  return damm.generate(String(count));
}

/** Whether somebody may have read this off a case: digits whose check digit is right. */
export function isCaseNumber(text: string): boolean {
  return /^\d{2,19}$/.test(text) && damm.validate(text);
}
