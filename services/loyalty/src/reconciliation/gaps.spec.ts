import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { missingNumbers } from './gaps.js';

describe('Missing receipt numbers', () => {
  it('[L17] are what lies between two that were posted, written as the till writes them', () => {
    expect(missingNumbers(['A-0007', 'A-0004', 'B-1', 'A-0003', 'B-2', 'A-0012'])).toEqual({
      gaps: [
        { first: 'A-0005', last: 'A-0006', missing: 2 },
        { first: 'A-0008', last: 'A-0011', missing: 4 },
      ],
      missing: 6,
      isSequence: true,
    });
  });

  it('[L17] are found wherever they are taken away from a sequence, in whatever order the rest came', () => {
    const first = fc.integer({ min: 1, max: 100_000 });
    fc.assert(
      fc.property(first, fc.uniqueArray(fc.integer({ min: 1, max: 38 }), { maxLength: 30 }), (from, taken) => {
        const all = Array.from({ length: 40 }, (_, index) => from + index);
        const left = all.filter((_, index) => !taken.includes(index)).reverse();
        const found = missingNumbers(left.map((number) => `R${number}`));
        const told = found.gaps.flatMap(({ first: begin, missing }) =>
          Array.from({ length: missing }, (_, index) => Number(begin.slice(1)) + index),
        );
        expect(told).toEqual(all.filter((_, index) => taken.includes(index)));
        expect(found.missing).toBe(taken.length);
      }),
    );
  });

  it('[L17] are not made up for tills that draw their numbers or use none', () => {
    expect(missingNumbers(['9918273645', '1726354', '55512'])).toEqual({ gaps: [], missing: 0, isSequence: false });
    expect(missingNumbers(['abc', 'def'])).toEqual({ gaps: [], missing: 0, isSequence: false });
    expect(missingNumbers([])).toEqual({ gaps: [], missing: 0, isSequence: false });
  });
});
