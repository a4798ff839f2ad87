/** Where the time comes from: passed in, never read inside rules. */
export interface Clock {
  now(): Date;
}

/** Token under which Nest injects the clock. */
export const CLOCK = Symbol('clock');

export const systemClock: Clock = { now: () => new Date() };
