import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { DueWork } from './due-work.js';

Logger.overrideLogger(false);

/** Lets time go by, which is as long on a busy machine as on an idle one. */
const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);
const working = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('Time-driven work', () => {
  let work: DueWork | undefined;

  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(async () => {
    const stopped = work?.stop();
    await pass(0);
    await stopped;
    jest.useRealTimers();
  });

  const started = (
    batch: () => Promise<number>,
    longestRestMs: number,
    more: { shortestRestMs?: number; fullBatch?: number } = {},
  ) => {
    work = new DueWork({ name: 'test', batch, longestRestMs, ...more });
    work.start();
    return work;
  };

  it('[O2] looks again at once while rows are due, and rests longer and longer when none are', async () => {
    const found = [50, 50, 7];
    const looks: number[] = [];
    started(async () => {
      looks.push(performance.now());
      return found.shift() ?? 0;
    }, 60_000);
    await pass(400);
    expect((looks[3] ?? 0) - (looks[0] ?? 0)).toBeLessThan(50);
    expect(looks.length).toBeGreaterThan(5);
    expect(looks.length).toBeLessThan(15);
  });

  it('[O2] looks at short intervals again when it is woken, also for a commit that is still to come', async () => {
    let committed = false;
    let taken = 0;
    const waking = started(async () => {
      if (!committed) return 0;
      committed = false;
      taken += 1;
      return 1;
    }, 60_000);
    await pass(200);
    waking.wake();
    await pass(15);
    committed = true;
    await pass(150);
    expect(taken).toBe(1);
  });

  it('[O2] gathers what is due until a batch is full, however often it is woken, and forgets no wake', async () => {
    const found = [200, 200, 7, 3];
    const looks: number[] = [];
    const waking = started(
      async () => {
        looks.push(performance.now());
        return found.shift() ?? 0;
      },
      60_000,
      { shortestRestMs: 100, fullBatch: 200 },
    );
    const wakes = setInterval(() => waking.wake(), 5);
    await pass(450);
    clearInterval(wakes);
    const [first = 0, , third = 0, fourth = 0, fifth = 0] = looks;
    expect(third - first).toBeLessThan(50);
    expect(fourth - third).toBeGreaterThanOrEqual(95);
    expect(fifth - fourth).toBeGreaterThanOrEqual(95);
    expect(looks.length).toBeLessThanOrEqual(8);
    const before = looks.length;
    await pass(150);
    expect(looks.length).toBeGreaterThan(before);
  });

  it('[O2] goes on after a failure, without hurry', async () => {
    let looks = 0;
    started(async () => {
      looks += 1;
      if (looks <= 2) throw new Error('the first two fail');
      return 0;
    }, 40);
    await pass(30);
    expect(looks).toBe(1);
    await pass(120);
    expect(looks).toBeGreaterThan(2);
  });

  it('[O1] finishes the batch that runs before it stops, and begins no other', async () => {
    let finished = 0;
    const stopping = started(async () => {
      await working(60);
      finished += 1;
      return 1;
    }, 1_000);
    await pass(10);
    const stopped = stopping.stop();
    await pass(50);
    await stopped;
    expect(finished).toBe(1);
    await pass(100);
    expect(finished).toBe(1);
  });
});
