import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CannotOpen, newDataKey, open, seal } from './encryption.js';

describe('Sealed values', () => {
  it('[M6] open to what was sealed', () => {
    const key = newDataKey();
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (clear) => {
        expect(open(key, 'member.name:1', seal(key, 'member.name:1', clear)).toString('utf8')).toBe(clear);
      }),
    );
  });

  it('[M6] do not open in another row, with another key, or when a byte was changed', () => {
    const key = newDataKey();
    const sealed = seal(key, 'member.name:1', '王小明');
    expect(() => open(key, 'member.name:2', sealed)).toThrow(CannotOpen);
    expect(() => open(newDataKey(), 'member.name:1', sealed)).toThrow(CannotOpen);
    for (const position of sealed.keys()) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(position) ^ 1, position);
      expect(() => open(key, 'member.name:1', changed)).toThrow(CannotOpen);
    }
    expect(() => open(key, 'member.name:1', sealed.subarray(0, 20))).toThrow(CannotOpen);
  });

  it('[M6] look different every time', () => {
    const key = newDataKey();
    expect(seal(key, 'a', 'same').equals(seal(key, 'a', 'same'))).toBe(false);
  });
});
