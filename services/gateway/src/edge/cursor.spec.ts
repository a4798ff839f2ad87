import { describe, expect, it } from '@jest/globals';
import { cursorKey, openCursor, signCursor } from './cursor.js';

const key = cursorKey('secret');

describe('A signed cursor', () => {
  it('[O4] opens for the list that it was given for', () => {
    const signed = signCursor('WyJTSC1CVU5EIl0', 'emma /v1/stores', key);
    expect(openCursor(signed, 'emma /v1/stores', key)).toBe('WyJTSC1CVU5EIl0');
  });

  it('[O4] is refused when it was changed, for another list, caller or installation, or made up', () => {
    const signed = signCursor('WyJTSC1CVU5EIl0', 'emma /v1/stores', key);
    const [cursor = '', signature = ''] = signed.split('.');
    for (const bad of [
      `${cursor}x.${signature}`,
      `${cursor}.${signature.slice(1)}`,
      cursor,
      '',
      '.',
      `.${signature}`,
    ]) {
      expect(openCursor(bad, 'emma /v1/stores', key)).toBeUndefined();
    }
    expect(openCursor(signed, 'emma /v1/cases', key)).toBeUndefined();
    expect(openCursor(signed, 'liu /v1/stores', key)).toBeUndefined();
    expect(openCursor(signed, 'emma /v1/stores', cursorKey('other'))).toBeUndefined();
  });
});
