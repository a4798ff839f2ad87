/** One thing that is wrong, with its JSON pointer into the request. */
export interface Fault {
  readonly pointer: string;
  readonly message: string;
}

/** Beyond this, points times a tier's multiplier could leave the safe integers. */
export const MOST_MINOR = 1_000_000_000_000;

/** Gathers every fault instead of stopping at the first. */
export class Checks {
  readonly faults: Fault[] = [];

  fault(pointer: string, message: string): void {
    this.faults.push({ pointer, message });
  }

  that(pointer: string, holds: boolean, message: string): void {
    if (!holds) this.fault(pointer, message);
  }

  range(pointer: string, value: number, least: number, most: number): void {
    const holds = Number.isSafeInteger(value) && value >= least && value <= most;
    this.that(pointer, holds, `expected a whole number from ${least} to ${most}`);
  }

  text(pointer: string, value: string, most: number): void {
    this.that(pointer, value.trim().length > 0 && value.length <= most, `expected 1 to ${most} characters`);
  }
}

/** Whether it is a UUID in its canonical text. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
}
