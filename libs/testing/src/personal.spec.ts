import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { placesThatTell } from './personal.js';

const value = '+8613800138001';
const places = (text: string) => [{ name: 'a table', texts: ['nothing here', text] }];

describe('Looking for personal data', () => {
  it('[M6] sees a value as text, in hex, in base64 at any offset and as a plain hash, and tells where only', () => {
    const bytes = Buffer.from(value);
    const forms = [
      `{"mobile":"${value}"}`,
      `\\x${bytes.toString('hex')}`,
      Buffer.from(value).toString('base64'),
      Buffer.from(`x${value}`).toString('base64'),
      Buffer.from(`xy${value}`).toString('base64url'),
      `hash ${createHash('sha256').update(value).digest('hex')}`,
    ];
    for (const form of forms) expect(placesThatTell(places(form), [value])).toEqual(['a table, 2: value 1']);
    expect(placesThatTell(places('+8613800138002'), [value])).toEqual([]);
  });
});
