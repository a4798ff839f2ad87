import type { Checked } from '@regulars/invariants';

/** A promise that did not hold, and the case that shows it. */
export interface Violation {
  /** The promise, in the same words each time. */
  readonly rule: string;
  /** The case: ids, numbers, never personal data. */
  readonly what: string;
}

/** What the stored invariants found, one violation for each case that is shown. */
export function violationsOf(checked: readonly Checked[]): Violation[] {
  return checked.flatMap(({ rule, cases }) => cases.map((what) => ({ rule, what })));
}
