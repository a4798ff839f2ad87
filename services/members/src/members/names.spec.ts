import { describe, expect, it } from '@jest/globals';
import { maskedName, nameOf } from './names.js';

describe('A name', () => {
  it.each([
    [' 王小明 ', '王小明'],
    ['Cafe\u0301 Owner', 'Café Owner'],
    ['阿依古丽·买买提', '阿依古丽·买买提'],
    ["O'Neill-José", "O'Neill-José"],
    ['𠮷'.repeat(100), '𠮷'.repeat(100)],
  ])('[M2] is stored in one form however it is written: %j', (written, stored) => {
    expect(nameOf(written)).toBe(stored);
  });

  it.each(['', '   ', '王\u0000明', '王\n明', 'ab\u202ecd', '王\u2028明', 'x'.repeat(101)])(
    '[M2] is refused: %j',
    (written) => {
      expect(nameOf(written)).toBeUndefined();
    },
  );

  it.each([
    ['王小明', '王**'],
    ['王五', '王**'],
    ['𠮷田', '𠮷**'],
    ['Emma Fischer', 'E**'],
  ])('[M6] is masked: %s is shown as %s', (name, masked) => {
    expect(maskedName(name)).toBe(masked);
  });
});
