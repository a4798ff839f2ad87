import { describe, expect, it } from '@jest/globals';
import type { Portion, Settled } from './batch-application.js';
import { Carriage } from './carriage.js';

const control = { heartbeat: async () => undefined, stopping: () => false };

const portion = (partition: number, events = 1): Portion => ({
  partition,
  from: 0,
  records: Array.from({ length: events }, (_, offset) => ({
    offset,
    key: 'k',
    value: null,
    headers: {},
    time: new Date(),
  })),
  next: events,
});

/** A carriage whose journeys the test ends, and where each of them went. */
function journeys(mostEvents = 1_000) {
  const begun: number[][] = [];
  const ends: ((how: readonly Settled[] | Error) => void)[] = [];
  const carriage = new Carriage((portions) => {
    begun.push(portions.map(({ partition }) => partition));
    return new Promise((resolve, reject) => {
      ends.push((how) => (how instanceof Error ? reject(how) : resolve([...how])));
    });
  }, mostEvents);
  const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  return { begun, ends, carriage, turn };
}

describe('Partitions that share transactions', () => {
  it('[L1] go together when they are handed over together, and one alone goes at once', async () => {
    const { begun, ends, carriage, turn } = journeys();
    const settled = Promise.all([0, 1, 2].map((partition) => carriage.carry(portion(partition), control)));
    await turn();
    ends[0]?.(['settled', 'lost', 'settled']);
    expect(await settled).toEqual(['settled', 'lost', 'settled']);
    void carriage.carry(portion(1), control);
    await turn();
    expect(begun).toEqual([[0, 1, 2], [1]]);
  });

  it('[L1] gather while a transaction is on its way', async () => {
    const { begun, ends, carriage, turn } = journeys();
    void carriage.carry(portion(0), control);
    await turn();
    void carriage.carry(portion(1), control);
    void carriage.carry(portion(2), control);
    await turn();
    expect(begun).toEqual([[0]]);
    ends[0]?.(['settled']);
    await turn();
    expect(begun).toEqual([[0], [1, 2]]);
  });

  it('[L1] are cut where they would be too many events, and a large one still goes', async () => {
    const { begun, ends, carriage, turn } = journeys(1_000);
    for (const [partition, events] of [600, 500, 300, 2_000].entries()) {
      void carriage.carry(portion(partition, events), control);
    }
    await turn();
    ends[0]?.(['settled', 'settled']);
    await turn();
    ends[1]?.(['settled']);
    await turn();
    expect(begun).toEqual([[0, 2], [1], [3]]);
  });

  it('[L1] hold each partition once, in its order', async () => {
    const { begun, ends, carriage, turn } = journeys();
    for (const partition of [0, 0, 1]) void carriage.carry(portion(partition), control);
    await turn();
    ends[0]?.(['settled', 'settled']);
    await turn();
    expect(begun).toEqual([[0, 1], [0]]);
  });

  it('[O1] hear of a failure all, and the next go on', async () => {
    const { begun, ends, carriage, turn } = journeys();
    const failing = Promise.allSettled([0, 1].map((partition) => carriage.carry(portion(partition), control)));
    await turn();
    ends[0]?.(new Error('The group has moved on'));
    expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    void carriage.carry(portion(2), control);
    await turn();
    expect(begun[1]).toEqual([2]);
  });
});
