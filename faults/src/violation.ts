/** A promise that did not hold, and the case that shows it. */
export interface Violation {
  /** The promise, in the same words each time. */
  readonly rule: string;
  /** The case: ids, numbers, never personal data. */
  readonly what: string;
}
