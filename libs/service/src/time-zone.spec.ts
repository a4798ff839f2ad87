import { describe, expect, it } from '@jest/globals';
import { isTimeZone } from './time-zone.js';

describe('A time zone', () => {
  it.each(['Asia/Shanghai', 'Europe/Paris', 'Etc/GMT-14', 'UTC'])('[O4] is known by its IANA name: %s', (name) => {
    expect(isTimeZone(name)).toBe(true);
  });

  it.each(['', 'Mars/Olympus', '+08:00', 'Asia/Shanghai\0'])('[O4] is not “%s”', (name) => {
    expect(isTimeZone(name)).toBe(false);
  });
});
