import { describe, expect, it } from '@jest/globals';
import { Pace } from './pace.js';

/** Calls one after the other, each with so many items. */
function answerMany(pace: Pace, calls: number, tookMs: number, fromMs = 0, items = 1): void {
  for (let call = 0; call < calls; call++) {
    const startedMs = fromMs + call * tookMs;
    pace.answered(startedMs, startedMs + tookMs, items);
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

describe('Whether it is too late to wait', () => {
  it('[L1] is so when those before would take longer than a till has patience', () => {
    const pace = new Pace();
    answerMany(pace, 20, 100, 0, 100);
    expect(pace.isTooLate(300, 99)).toBe(false);
    expect(pace.isTooLate(300, 101)).toBe(true);
  });

  it('[L1] counts what calls that overlap do together', () => {
    const pace = new Pace();
    for (let call = 0; call < 100; call++) pace.answered(call * 50, call * 50 + 200, 100);
    expect(pace.isTooLate(750, 0)).toBe(false);
    expect(pace.isTooLate(850, 0)).toBe(true);
  });

  it('[L1] is never so for a few, nor before the first answer, because an idle system looks slow', () => {
    const pace = new Pace();
    expect(pace.isTooLate(1_000, 0)).toBe(false);
    answerMany(pace, 20, 10);
    expect(pace.isTooLate(127, 0)).toBe(false);
  });
});
