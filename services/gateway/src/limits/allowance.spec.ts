import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Allowance } from './allowance.js';

/** How many calls are let in when one comes every millisecond. */
function letIn(allowance: Allowance, fromMs: number, untilMs: number): number {
  let count = 0;
  for (let nowMs = fromMs; nowMs < untilMs; nowMs++) if (allowance.take(nowMs) === 0) count += 1;
  return count;
}

describe('What a caller may still do', () => {
  it('[O4] is what two seconds are worth at once, and then what each second is worth', () => {
    const allowance = new Allowance({ perSecond: 50 }, 0);
    expect(letIn(allowance, 0, 1_000)).toBeGreaterThanOrEqual(148);
    expect(letIn(allowance, 1_000, 11_000)).toBeLessThanOrEqual(501);
  });

  it('[O4] comes with the time after which the next call is let in', () => {
    const allowance = new Allowance({ perSecond: 10 }, 0);
    for (let each = 0; each < 20; each++) allowance.take(0);
    const waitMs = allowance.take(0);
    expect(waitMs).toBeCloseTo(100);
    expect(allowance.take(waitMs - 1)).toBeGreaterThan(0);
    expect(allowance.take(waitMs + 1)).toBe(0);
  });

  it('[O4] is less by what other gateways let in, and never by what was told twice', () => {
    const allowance = new Allowance({ perSecond: 100 }, 0);
    for (let each = 0; each < 10; each++) allowance.take(0);
    expect(allowance.toTell).toBe(10);
    allowance.charge(10, 1_000);
    expect(allowance.toTell).toBe(0);
    for (let each = 0; each < 10; each++) allowance.take(0);
    allowance.charge(10, 1_160);
    expect(letIn(allowance, 0, 1)).toBe(1);
    for (let each = 0; each < 29; each++) expect(allowance.take(0)).toBe(0);
    expect(allowance.take(0)).toBeGreaterThan(0);
  });

  it('[O4] holds across gateways within a second’s worth, however calls are spread over them', () => {
    const spread = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 2_000, maxLength: 2_000 });
    fc.assert(
      fc.property(spread, (gateways) => {
        const perSecond = 100;
        const allowances = [0, 1, 2].map(() => new Allowance({ perSecond }, 0));
        let sum = 0;
        let served = 0;
        gateways.forEach((gateway, index) => {
          const nowMs = index * 2;
          if (allowances[gateway]?.take(nowMs) === 0) served += 1;
          if (nowMs % 500 !== 498) return;
          for (const allowance of allowances) {
            const told = allowance.toTell;
            if (told === 0) continue;
            sum += told;
            allowance.charge(told, sum);
          }
        });
        const seconds = 4;
        return served <= perSecond * (seconds + 2 * 3 + 1);
      }),
      { numRuns: 50 },
    );
  });

  it('[O4] owes at most what could be saved, so that nobody is shut out for long', () => {
    const allowance = new Allowance({ perSecond: 10 }, 0);
    allowance.take(0);
    allowance.charge(1, 1);
    allowance.take(0);
    allowance.charge(1, 1_000_000);
    expect(allowance.take(0)).toBeLessThanOrEqual(2_100);
  });
});
