import { describe, expect, it } from '@jest/globals';
import { restAfterMs } from './waiting.js';

describe('The rest after a batch', () => {
  it.each([
    [8, 50, 42],
    [20, 50, 60],
    [60, 50, 180],
    [500, 50, 200],
    [5, 250, 245],
  ])('[O2] after %d ms of work every %d ms lasts %d ms', (tookMs, everyMs, restMs) => {
    expect(restAfterMs(tookMs, everyMs)).toBe(restMs);
  });
});
