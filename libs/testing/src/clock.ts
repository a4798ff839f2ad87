/** A clock that stands still until it is moved; fits wherever a service takes its clock. */
export class TestClock {
  #nowMs: number;

  /** @param start an instant in RFC 3339, e.g. `2026-03-01T08:00:00Z` */
  constructor(start: string) {
    this.#nowMs = Date.parse(start);
  }

  now(): Date {
    return new Date(this.#nowMs);
  }

  set(instant: string): void {
    this.#nowMs = Date.parse(instant);
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }
}
