import { describe, expect, it } from '@jest/globals';
import { failureOf, RunAgain } from './failure.js';

const sql = (code: string) => Object.assign(new Error('refused'), { code });

describe('What a failed batch means for its items', () => {
  it('[L1] runs again what lost a race', () => {
    const races = [sql('40001'), sql('40P01'), sql('23505'), new RunAgain('changed')];
    expect(races.map((error) => failureOf(error, true))).toEqual(races.map(() => 'run-again'));
  });

  it('[L1] looks among the items for data that is refused and for defects', () => {
    const faults = [sql('22003'), sql('23514'), new TypeError('x is undefined')];
    expect(faults.map((error) => failureOf(error, true))).toEqual(faults.map(() => 'items'));
  });

  it('[L1] knows that nothing was written before COMMIT was sent, and nothing for sure after', () => {
    const breaks = [sql('57P01'), sql('08006'), sql('ECONNRESET'), new Error('Connection terminated unexpectedly')];
    expect(breaks.map((error) => failureOf(error, false))).toEqual(breaks.map(() => 'lost'));
    expect(breaks.map((error) => failureOf(error, true))).toEqual(breaks.map(() => 'lost-after-commit-was-sent'));
  });

  it('[L1] blames no item for a full disk or a statement that took too long', () => {
    expect([sql('53100'), sql('57014'), sql('55P03')].map((error) => failureOf(error, true))).toEqual([
      'outage',
      'outage',
      'outage',
    ]);
  });
});
