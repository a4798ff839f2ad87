import { describe, expect, it } from '@jest/globals';
import { median, slope, spread } from './statistics.js';

describe('Figures of several rounds', () => {
  it('takes the middle of an odd number of rounds and the mean of the two middle ones of an even number', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 7])).toBe(6);
  });

  it('has no median of nothing', () => {
    expect(() => median([])).toThrow(RangeError);
  });

  it('tells the spread as a share of the median', () => {
    expect(spread([90, 100, 120])).toBeCloseTo(0.3);
  });

  it('tells growth, and is not misled by one outlier', () => {
    const growing = [0, 1, 2, 3, 4, 5].map((x) => [x, 100 + 2 * x] as const);
    expect(slope(growing)).toBeCloseTo(2);
    expect(slope([...growing, [6, 9_000]])).toBeCloseTo(2, 0);
    expect(slope([[1, 5]])).toBe(0);
  });
});
