import { describe, expect, it } from '@jest/globals';
import { decideTry, isIdle, mostTries, type TriedChallenge } from './challenge.js';

const now = new Date('2026-11-02T08:00:00Z');
const fresh: TriedChallenge = { tries: 1, expiresAt: new Date('2026-11-02T08:00:00.001Z'), usedAt: null };

describe('A one-time code', () => {
  it('[M3] is good until it ends, and not at that moment', () => {
    expect(decideTry(fresh, '012345', '012345', now)).toBe('right');
    expect(decideTry({ ...fresh, expiresAt: now }, '012345', '012345', now)).toBe('CODE_EXPIRED');
  });

  it('[M3] is good once', () => {
    expect(decideTry({ ...fresh, usedAt: now }, '012345', '012345', now)).toBe('CODE_USED');
  });

  it('[M3] is good for five tries: the sixth is refused, right or wrong', () => {
    expect(decideTry({ ...fresh, tries: mostTries }, '012345', '012345', now)).toBe('right');
    expect(decideTry({ ...fresh, tries: mostTries + 1 }, '012345', '012345', now)).toBe('TOO_MANY_TRIES');
  });

  it.each(['012346', '12345', '0123450', '', '０１２３４５'])('[M3] is not %j', (given) => {
    expect(decideTry(fresh, '012345', given, now)).toBe('CODE_WRONG');
  });

  it('[M3] is asked for again once a member was not seen for the set time', () => {
    expect(isIdle(new Date('2025-11-02T08:00:00Z'), 365, now)).toBe(true);
    expect(isIdle(new Date('2025-11-02T08:00:01Z'), 365, now)).toBe(false);
  });
});
