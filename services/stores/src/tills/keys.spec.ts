import { describe, expect, it } from '@jest/globals';
import { hashOf, tillSecret } from './keys.js';

describe("A till's key", () => {
  const tillId = '019a9f3e-0000-7000-8000-00000000000a';

  it('[O4] names its till and carries 256 random bits in 43 url-safe characters', () => {
    expect(tillSecret(tillId, Buffer.alloc(32, 0xff))).toBe(`rtk_019a9f3e00007000800000000000000a_${'_'.repeat(42)}8`);
    expect(tillSecret(tillId, Buffer.alloc(32, 7))).toMatch(/^rtk_[0-9a-f]{32}_[A-Za-z0-9_-]{43}$/);
  });

  it('[O4] is known by the SHA-256 of the whole secret', () => {
    expect(hashOf('abc').toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
