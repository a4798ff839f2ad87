import { describe, expect, it } from '@jest/globals';
import { emailOf, maskedEmail } from './email.js';

describe('An e-mail address', () => {
  it.each([
    [' Li.Na@Guests.Example ', 'li.na@guests.example'],
    ['li+club@guests.example', 'li+club@guests.example'],
    ['li@灯笼.中国', 'li@xn--znx83u.xn--fiqs8s'],
  ])('[M2] is stored in one form however it is written: %j', (written, stored) => {
    expect(emailOf(written)).toBe(stored);
  });

  it.each([
    '',
    'li',
    'li@',
    '@guests.example',
    'li@localhost',
    'li na@guests.example',
    'li@na@guests.example',
    '"li"@guests.example',
    'li.@guests.example',
    'l..i@guests.example',
    'li@[127.0.0.1]',
    'li@127.0.0.1',
    'li@-guests.example',
    'li@guests.example\r\nBcc: x@guests.example',
    `${'l'.repeat(65)}@guests.example`,
    `li@${'guests.'.repeat(40)}example`,
  ])('[M2] is refused: %j', (written) => {
    expect(emailOf(written)).toBeUndefined();
  });

  it('[M6] is masked to its first letters and its top-level domain', () => {
    expect(maskedEmail('lina@lina-family.example')).toBe('l***@l***.example');
    expect(maskedEmail('l@l.cn')).toBe('l***@l***.cn');
  });
});
