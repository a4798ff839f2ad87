import { describe, expect, it } from '@jest/globals';
import { beginningsOf, beginsLike, lookedFor, maskedName, nameOf } from './names.js';

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

  it.each(['Аnna', 'Wаng Xiaoming', 'Αlex', 'Ivan Иvanov', 'Em\u200bma', 'Em\u2060ma'])(
    '[M2] is refused when a word mixes alphabets that look alike, or hides something: %j',
    (written) => {
      expect(nameOf(written)).toBeUndefined();
    },
  );

  it.each(['Иван Ivanov', 'Анна-Anna', 'Wang 小明', '王Anna'])(
    '[M2] may have words of different scripts: %j',
    (written) => {
      expect(nameOf(written)).toBe(written);
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

  it.each([
    ['王小明', ['王小', '王小明']],
    ['王', ['王']],
    ['欧阳若兮兮', ['欧阳', '欧阳若', '欧阳若兮']],
    ['阿依古丽·买买提', ['阿依', '阿依古', '阿依古丽']],
    ['Li Bo', ['li', 'bo']],
    ['José Fischer', ['jos', 'jose', 'fis', 'fisc', 'fisch', 'fische', 'fischer']],
  ])('[M4] is found by its beginnings, none of a single character unless it is all: %s', (name, beginnings) => {
    expect(beginningsOf(name)).toEqual(beginnings);
  });

  it('[M4] is found by any beginning that is long enough, whatever its case and marks', () => {
    for (const [name, typed] of [
      ['王小明', '王小'],
      ['Emma Fischer', 'FISC'],
      ['Emma Fischer', 'emm f'],
      ['José María', 'jose mar'],
      ['Wolfeschlegelstein', 'wolfeschlegel'],
    ] as const) {
      expect(lookedFor(typed).every((each) => beginningsOf(name).includes(each))).toBe(true);
      expect(beginsLike(name, typed)).toBe(true);
    }
    expect(beginningsOf('王小明')).not.toContain(lookedFor('王')[0]);
    expect(beginningsOf('Li Bo')).toEqual(lookedFor('li bo'));
    expect(lookedFor(' · ')).toEqual([]);
    expect(beginsLike('Wolfeschlegelstein', 'wolfeschlegex')).toBe(false);
  });
});
