import { beforeEach, describe, expect, it } from '@jest/globals';
import { Progress } from './progress.js';

const at = { topic: 'points', partition: 0 };
const upTo = (next: number) => [{ partition: 0, first: 0, next }];

describe('The progress of a reader', () => {
  let progress: Progress;
  beforeEach(() => {
    progress = new Progress();
    progress.begin(at, 5, 0);
  });

  it('[O2] is at a standstill where records wait for longer than allowed', () => {
    expect(progress.isStalled('points', upTo(6), 60_000, 60_000)).toBe(false);
    expect(progress.isStalled('points', upTo(6), 60_001, 60_000)).toBe(true);
    progress.reach(at, 6, 60_002);
    expect(progress.isStalled('points', upTo(7), 60_003, 60_000)).toBe(false);
  });

  it('[O2] is at no standstill where a record comes after a long silence', () => {
    expect(progress.isStalled('points', upTo(5), 3_600_000, 60_000)).toBe(false);
    expect(progress.isStalled('points', upTo(6), 3_610_000, 60_000)).toBe(false);
  });

  it('[O2] does not count the time in which the broker could not be asked', () => {
    progress.excuse(70_000);
    expect(progress.isStalled('points', upTo(6), 80_000, 60_000)).toBe(false);
    expect(progress.isStalled('points', upTo(6), 130_001, 60_000)).toBe(true);
  });
});
