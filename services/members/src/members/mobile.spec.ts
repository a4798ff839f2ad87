import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { maskedMobile, mobileOf } from './mobile.js';

describe('A mobile', () => {
  it.each([
    ['+8613800138000', '+8613800138000'],
    ['+86 138-0013-8000', '+8613800138000'],
    [' +44 7400 123456 ', '+447400123456'],
    ['+49 1512 3456789', '+4915123456789'],
    ['+1 (415) 555-2671', '+14155552671'],
  ])('[M2] is stored in one form however it is written: %j', (written, stored) => {
    expect(mobileOf(written)).toBe(stored);
  });

  it.each([
    ['a number without its country', '13800138000'],
    ['a number that is too short', '+86138001380'],
    ['a number that is too long', '+86138001380001'],
    ['a landline', '+862112345678'],
    ['an extension', '+8613800138000 ext 5'],
    ['words around it', 'call +8613800138000'],
    ['a country that does not exist', '+99913800138000'],
    ['letters', '+86138HELLO00'],
    ['nothing', ''],
  ])('[M2] is refused: %s', (_what, written) => {
    expect(mobileOf(written)).toBeUndefined();
  });

  it.each([
    ['+8613800138000', '+86138****8000'],
    ['+4915123456789', '+49151****6789'],
    ['+14155552671', '+1****671'],
    ['+6591234567', '+65****67'],
  ])('[M6] is masked: %s is shown as %s', (mobile, masked) => {
    expect(maskedMobile(mobile)).toBe(masked);
  });

  it('[M6] keeps at least four digits to itself, whatever its length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 12 }), fc.constantFrom('+86', '+1', '+65', '+49'), (length, code) => {
        const mobile = `${code}${'7'.repeat(length)}`;
        const shown = maskedMobile(mobile).replace('****', '');
        expect(mobile.length - shown.length).toBeGreaterThanOrEqual(4);
      }),
    );
  });
});
