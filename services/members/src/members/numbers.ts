import { verhoeff } from 'cdigit';

const shape = /^\d{10}$/;

/**
 * The number that people see and type: nine digits of a sequence and a check digit (requirement M2).
 *
 * The check digit is Verhoeff's: unlike Luhn's it finds every swap of two neighbours (Luhn lets 09 pass for 90), and of
 * what goes wrong on the telephone (13 heard as 30, 44 for 55, 123 for 321) it finds most.
 */
export function memberNumber(sequence: number): string {
  return verhoeff.generate(String(sequence));
}

/** Whether it can be a member number: what was mistyped is told apart from what does not exist. */
export function isMemberNumber(number: string): boolean {
  return shape.test(number) && verhoeff.validate(number);
}
