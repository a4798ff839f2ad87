import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BYTES_PER_CODE, codeIn, codesFrom } from './code.js';

const aCode = () => codesFrom(randomBytes(64), 1)[0]!;
const others = '123456789ABCDEFGHJKMNPQRSTVWXYZ';

describe('Codes of coupons', () => {
  it('[L9] are 16 characters that nobody mistakes, and none comes twice', () => {
    const codes = codesFrom(randomBytes(20_000 * BYTES_PER_CODE), 20_000);
    expect(codes).toHaveLength(20_000);
    expect(new Set(codes).size).toBe(20_000);
    for (const code of codes.slice(0, 500)) expect(code).toMatch(/^[1-9A-HJKMNP-TV-Z]{16}$/);
  });

  it('[L9] are drawn evenly: no character is likelier than another', () => {
    const counts = new Map<string, number>();
    for (const code of codesFrom(randomBytes(40_000 * BYTES_PER_CODE), 40_000)) {
      for (const character of code.slice(0, 15)) counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    const expected = (40_000 * 15) / 31;
    expect(counts.size).toBe(31);
    for (const count of counts.values()) expect(Math.abs(count - expected) / expected).toBeLessThan(0.05);
  });

  it('[L9] are read with dashes, spaces and small letters', () => {
    const code = aCode();
    expect(codeIn(` ${code.slice(0, 4)}-${code.slice(4)} `.toLowerCase())).toBe(code);
    expect(codeIn('')).toBeUndefined();
    expect(codeIn(`${code}1`)).toBeUndefined();
  });

  it('[L9] tell one wrong character and two that changed places', () => {
    fc.assert(
      fc.property(fc.nat(15), fc.nat(30), fc.nat(14), fc.nat(14), (at, other, one, two) => {
        const code = aCode();
        const wrong = code.slice(0, at) + others.charAt(other) + code.slice(at + 1);
        if (wrong !== code) expect(codeIn(wrong)).toBeUndefined();
        const swapped = Array.from(code);
        [swapped[one], swapped[two]] = [swapped[two]!, swapped[one]!];
        if (swapped.join('') !== code) expect(codeIn(swapped.join(''))).toBeUndefined();
      }),
    );
  });
});
