import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Queue, type Waiting } from './queue.js';

const limits = { items: 16, bytes: 1_000, waiting: 64, waitingBytes: 4_000 };
const item = (bytes: number, isOffline = false): Waiting => ({ bytes, isOffline, deadlineMs: 0 });

describe('Purchases that wait', () => {
  it('[L1] travel at most so many and so much at once, and none is lost or sent twice', () => {
    const items = fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 400 }), isOffline: fc.boolean() }), {
      maxLength: 120,
    });
    fc.assert(
      fc.property(items, (all) => {
        const queue = new Queue<Waiting>(limits);
        const taken = all.map((each) => item(each.bytes, each.isOffline)).filter((each) => queue.add(each));
        const travelled: Waiting[] = [];
        while (queue.length > 0) {
          const load = queue.take();
          expect(load.length).toBeGreaterThan(0);
          expect(load.length).toBeLessThanOrEqual(limits.items);
          expect(load.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(limits.bytes);
          travelled.push(...load);
        }
        expect(new Set(travelled)).toEqual(new Set(taken));
        expect(travelled).toHaveLength(taken.length);
      }),
    );
  });

  it('[L1] go in the order in which they came', () => {
    const queue = new Queue<Waiting>(limits);
    const items = Array.from({ length: 40 }, () => item(1));
    for (const each of items) queue.add(each);
    expect([...queue.take(), ...queue.take(), ...queue.take()]).toEqual(items);
  });

  it('[L2] go before offline ones, which still move on with an eighth of each load', () => {
    const queue = new Queue<Waiting>(limits);
    for (let i = 0; i < 20; i++) queue.add(item(1, true));
    for (let i = 0; i < 20; i++) queue.add(item(1));
    const load = queue.take();
    expect(load.filter(({ isOffline }) => !isOffline)).toHaveLength(14);
    expect(load.filter(({ isOffline }) => isOffline)).toHaveLength(2);
  });

  it('[L2] leave whole loads to offline ones when no live one waits', () => {
    const queue = new Queue<Waiting>(limits);
    for (let i = 0; i < 20; i++) queue.add(item(1, true));
    expect(queue.take()).toHaveLength(16);
  });

  it('[L1] travel alone when they are larger than a load', () => {
    const queue = new Queue<Waiting>(limits);
    queue.add(item(1_500));
    queue.add(item(1));
    expect(queue.take()).toHaveLength(1);
    expect(queue.take()).toHaveLength(1);
  });

  it('[L1] are refused early when too many or too much waits', () => {
    const byCount = new Queue<Waiting>(limits);
    const taken = Array.from({ length: 100 }, () => byCount.add(item(1))).filter(Boolean);
    expect(taken).toHaveLength(64);
    const bySize = new Queue<Waiting>(limits);
    expect([bySize.add(item(3_000)), bySize.add(item(1_001)), bySize.add(item(1_000))]).toEqual([true, false, true]);
    bySize.take();
    expect(bySize.add(item(3_000))).toBe(true);
  });
});
