import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isMemberNumber, memberNumber } from './numbers.js';

const numbers = fc.integer({ min: 100_000_000, max: 999_999_999 }).map(memberNumber);

describe('A member number', () => {
  it('[M2] has nine digits of a sequence and one check digit', () => {
    fc.assert(fc.property(numbers, (number) => isMemberNumber(number) && number.length === 10));
  });

  it('[M2] is not believed with one digit wrong', () => {
    fc.assert(
      fc.property(numbers, fc.nat(9), fc.integer({ min: 1, max: 9 }), (number, at, more) => {
        const wrong = (Number(number[at]) + more) % 10;
        expect(isMemberNumber(`${number.slice(0, at)}${wrong}${number.slice(at + 1)}`)).toBe(false);
      }),
    );
  });

  it('[M2] is not believed with two neighbours swapped, 09 for 90 included', () => {
    fc.assert(
      fc.property(numbers, fc.nat(8), (number, at) => {
        const [left = '', right = ''] = number.slice(at, at + 2);
        fc.pre(left !== right);
        expect(isMemberNumber(`${number.slice(0, at)}${right}${left}${number.slice(at + 2)}`)).toBe(false);
      }),
    );
  });

  it.each(['', '1000000001', '10000000012', '１000000001', 'abcdefghij'])('[M2] is not %j', (number) => {
    expect(isMemberNumber(number)).toBe(number === memberNumber(100_000_000));
  });
});
