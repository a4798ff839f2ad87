import { describe, expect, it } from '@jest/globals';
import { balanceOf } from './opening.js';

const none = { rows: 0, points: 0 };
const whole = {
  state: 'done',
  isDryRun: false,
  isSummed: true,
  expected: { rows: 3, points: 700 },
  file: { rows: 3, points: 700 },
  booked: { rows: 2, points: 500 },
  waiting: none,
  repeated: { rows: 1, points: 200 },
  rejected: none,
  ledgerPoints: 500,
} as const;

describe('The balance of an opening', () => {
  it('[L16] matches when file, expectation and ledger come to the same', () => {
    expect(balanceOf(whole)).toBe('matches');
    expect(balanceOf({ ...whole, expected: null })).toBe('matches');
  });

  it('[L16] differs by one point in the ledger, one in what was expected, or one row that was not taken', () => {
    expect(balanceOf({ ...whole, ledgerPoints: 499 })).toBe('differs');
    expect(balanceOf({ ...whole, expected: { rows: 3, points: 701 } })).toBe('differs');
    expect(balanceOf({ ...whole, expected: { rows: 4, points: 700 } })).toBe('differs');
    expect(balanceOf({ ...whole, rejected: { rows: 1, points: 0 } })).toBe('differs');
    expect(balanceOf({ ...whole, state: 'failed' })).toBe('differs');
  });

  it('[L16] waits for members who are not known yet, and says nothing before it was summed', () => {
    const waiting = { ...whole, booked: none, waiting: { rows: 2, points: 500 }, ledgerPoints: 0 };
    expect(balanceOf(waiting)).toBe('waits');
    expect(balanceOf({ ...whole, isSummed: false })).toBeUndefined();
    expect(balanceOf({ ...whole, state: 'booking' })).toBeUndefined();
  });

  it('[L16] matches after an undo when the ledger has nothing of it', () => {
    expect(balanceOf({ ...whole, state: 'undone', ledgerPoints: 0 })).toBe('matches');
    expect(balanceOf({ ...whole, state: 'undone', ledgerPoints: 1 })).toBe('differs');
  });

  it('[L16] of a dry run is what would be', () => {
    expect(balanceOf({ ...whole, isDryRun: true, ledgerPoints: 0, isSummed: false })).toBe('matches');
  });
});
