import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { caseNumber, isCaseNumber } from './case-number.js';

const counts = fc.integer({ min: 100_001, max: Number.MAX_SAFE_INTEGER });

describe('The number of a case', () => {
  it('[C4] is known again as it was told', () => {
    fc.assert(fc.property(counts, (count) => isCaseNumber(caseNumber(count))));
  });

  it('[C4] is not known with one digit wrong', () => {
    fc.assert(
      fc.property(counts, fc.nat(15), fc.integer({ min: 1, max: 9 }), (count, place, difference) => {
        const digits = Array.from(caseNumber(count));
        const at = place % digits.length;
        digits[at] = String((Number(digits[at]) + difference) % 10);
        return !isCaseNumber(digits.join(''));
      }),
    );
  });

  it('[C4] is not known with two neighbours swapped', () => {
    fc.assert(
      fc.property(counts, fc.nat(15), (count, place) => {
        const digits = Array.from(caseNumber(count));
        const at = place % (digits.length - 1);
        const [left = '', right = ''] = [digits[at], digits[at + 1]];
        fc.pre(left !== right);
        return !isCaseNumber([...digits.slice(0, at), right, left, ...digits.slice(at + 2)].join(''));
      }),
    );
  });

  it.each(['', '0', 'C-1000017', '10000 17', '١٢٣٤٥'])('[C4] is not “%s”', (text) => {
    expect(isCaseNumber(text)).toBe(false);
  });
});
