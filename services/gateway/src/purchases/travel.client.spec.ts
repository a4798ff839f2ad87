import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { NotTaken, type Traveller, TravelTogether } from './travel.client.js';

const limits = { items: 8, bytes: 1_000, waiting: 20, waitingBytes: 10_000 };

interface Item extends Traveller<number> {
  readonly value: number;
}

/** Sends numbers and answers their squares, after `tookMs`. */
function squares(tookMs: (call: number) => number, fails: (call: number) => boolean = () => false) {
  const loads: number[][] = [];
  const travel = new TravelTogether<Item, number>(limits, async (load) => {
    const call = loads.push(load.map(({ value }) => value)) - 1;
    await sleep(tookMs(call));
    if (fails(call)) throw new Error('out of reach');
    return load.map(({ value }) => value ** 2);
  });
  const go = (value: number, deadlineMs = Date.now() + 60_000) =>
    new Promise<number | NotTaken>((settle) => travel.take({ value, bytes: 1, deadlineMs, isOffline: false, settle }));
  return { loads, go };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe('Travelling together', () => {
  it('answers every item with its own result', async () => {
    const { go } = squares(() => 1);
    expect(await Promise.all(range(0, 20).map((value) => go(value)))).toEqual(range(0, 20).map((value) => value ** 2));
  });

  it('sends at once when nothing is under way, with what arrived in the same turn', async () => {
    const { go, loads } = squares(() => 5);
    await Promise.all([go(1), go(2)]);
    await go(3);
    expect(loads).toEqual([[1, 2], [3]]);
  });

  it('gathers what arrives while a call is under way', async () => {
    const { go, loads } = squares(() => 10);
    const first = go(0);
    await sleep(3);
    await Promise.all([first, ...range(1, 6).map((value) => go(value))]);
    expect(loads).toEqual([[0], range(1, 6)]);
  });

  it('starts another call when one takes far longer than usual', async () => {
    const { go, loads } = squares((call) => (call === 20 ? 500 : 2));
    for (const value of range(0, 20)) await go(value);
    const slow = go(20);
    await sleep(5);
    expect(await Promise.race([slow, go(21)])).toBe(441);
    expect(loads).toHaveLength(22);
    expect(await slow).toBe(400);
  });

  it('[L1] refuses early when too many wait', async () => {
    const { go } = squares(() => 20);
    const results = await Promise.all(range(0, 40).map((value) => go(value)));
    const refused = results.filter((result) => result instanceof NotTaken);
    expect(refused.map(({ reason }) => reason)).toEqual(range(0, 20).map(() => 'OVERLOADED'));
  });

  it('[L1] drops what nobody waits for any more', async () => {
    const { go, loads } = squares(() => 400);
    const [, late] = await Promise.all([go(1), sleep(2).then(() => go(2, Date.now() + 20))]);
    expect(late).toMatchObject({ reason: 'DEADLINE_PASSED' });
    expect(loads).toEqual([[1]]);
  });

  it('tells every item of a call that failed, and goes on', async () => {
    const { go } = squares(
      () => 1,
      (call) => call === 0,
    );
    const failed = await Promise.all([go(1), go(2)]);
    expect(failed).toMatchObject([{ reason: 'CALL_FAILED' }, { reason: 'CALL_FAILED' }]);
    expect(await go(3)).toBe(9);
  });
});
