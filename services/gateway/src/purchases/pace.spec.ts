import { describe, expect, it } from '@jest/globals';
import { Pace } from './pace.js';

/** Calls one after the other. */
function answerMany(pace: Pace, calls: number, tookMs: number, fromMs = 0): void {
  for (let call = 0; call < calls; call++) {
    const startedMs = fromMs + call * tookMs;
    pace.answered(startedMs, startedMs + tookMs);
  }
}

describe('How many calls are on their way', () => {
  it('lets the first go at once', () => {
    expect(new Pace().waitMs(0, 0)).toBe(0);
  });

  it('lets another go only when the oldest takes more than twice its usual time', () => {
    const pace = new Pace();
    answerMany(pace, 100, 5);
    expect(pace.waitMs(1, 0)).toBeCloseTo(10);
    expect(pace.waitMs(1, 6)).toBeCloseTo(4);
    expect(pace.waitMs(1, 11)).toBe(0);
  });

  it('gets used to calls that take longer', () => {
    const pace = new Pace();
    answerMany(pace, 100, 5);
    answerMany(pace, 20, 50, 500);
    expect(pace.waitMs(1, 11)).toBeGreaterThan(50);
  });

  it('never lets more than four go', () => {
    expect(new Pace().waitMs(4, 10_000)).toBeUndefined();
  });
});
