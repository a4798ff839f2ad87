import { describe, expect, it } from '@jest/globals';
import { type Role, roles } from '@regulars/service';
import { readsWords } from './words.js';

const readers: readonly Role[] = ['agent', 'complaint-supervisor', 'store-manager', 'administrator'];

describe('Reading a guest’s own words', () => {
  it.each(readers)('[C3] is open to a %s', (role) => {
    expect(readsWords(['cashier', role])).toBe(true);
  });

  it('[C3] is closed to every other role, and to who has none', () => {
    expect(readsWords(roles.filter((role) => !readers.includes(role)))).toBe(false);
    expect(readsWords([])).toBe(false);
  });
});
