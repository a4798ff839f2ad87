import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { claimedTill, presentedAmong, withoutDashes } from './till-keys.js';

const tillId = '0199c0de-0000-7000-8000-0000000000aa';
const key = `rtk_${withoutDashes(tillId)}_${'A'.repeat(43)}`;
const hash = (text: string) => createHash('sha256').update(text).digest();

describe('A till key', () => {
  it('[O4] names its till', () => {
    expect(claimedTill(key)).toBe('0199c0de000070008000' + '0000000000aa');
  });

  it('[O4] is no key when anything of its form is missing', () => {
    for (const bad of ['', 'rtk_', key.slice(0, -1), `${key}A`, key.replace('rtk', 'rtx'), key.toUpperCase()]) {
      expect(claimedTill(bad)).toBeUndefined();
    }
  });

  it('[O4] is recognised among the two live ones by its hash alone', () => {
    const [other, own] = [{ sha256: hash('another') }, { sha256: hash(key) }];
    expect(presentedAmong(key, [other, own])).toBe(own);
    expect(presentedAmong(key, [other])).toBeUndefined();
    expect(presentedAmong(key, [other].slice(1))).toBeUndefined();
    expect(presentedAmong(key, [{ sha256: Buffer.from('short') }])).toBeUndefined();
  });
});
