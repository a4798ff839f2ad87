import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { WritingOrder } from './writing-order.js';

const rows = (...ords: number[]) => ords.map((ord) => ({ ord }));

describe('The order of writing', () => {
  it('[L4] lets rows go whose numbers follow each other, whoever else is writing', () => {
    expect(new WritingOrder().ready(4, rows(5, 6, 7), 1n)).toBe(3);
  });

  it('[L4] holds back what stands behind a number that an open transaction may have', () => {
    const order = new WritingOrder();
    expect(order.ready(4, rows(5, 7, 8), 100n)).toBe(1);
    order.mark(rows(5, 7, 8), 105n);
    expect(order.ready(5, rows(7, 8), 104n)).toBe(0);
    expect(order.ready(5, rows(6, 7, 8), 104n)).toBe(3);
  });

  it('[L4] goes on behind a number that nobody can bring any more, and only as far as that is known', () => {
    const order = new WritingOrder();
    expect(order.ready(5, rows(7, 8), 100n)).toBe(0);
    order.mark(rows(7, 8), 105n);
    expect(order.wantsMark).toBe(false);
    expect(order.ready(5, rows(7, 8, 10), 105n)).toBe(2);
    expect(order.wantsMark).toBe(true);
  });

  it('[L1] [L4] lets every committed row go exactly once and in order, however transactions overlap and end', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ does: fc.constant('begin' as const) }) },
      { weight: 4, arbitrary: fc.record({ does: fc.constant('write' as const), who: fc.nat(5) }) },
      {
        weight: 4,
        arbitrary: fc.record({ does: fc.constantFrom('commit' as const, 'abort' as const), who: fc.nat(5) }),
      },
      {
        weight: 4,
        arbitrary: fc.record({ does: fc.constant('look' as const), limit: fc.integer({ min: 1, max: 4 }) }),
      },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        let [xid, ord, through] = [0n, 0, 0];
        const open: { xid: bigint; ords: number[] }[] = [];
        const committed: number[] = [];
        const published: number[] = [];
        const order = new WritingOrder();
        const look = (limit: number) => {
          const seen = rows(...committed.filter((each) => each > through).sort((a, b) => a - b)).slice(0, limit);
          const oldestOpen = open.reduce((oldest, each) => (each.xid < oldest ? each.xid : oldest), xid + 1n);
          const ready = order.ready(through, seen, oldestOpen);
          if (ready < seen.length && order.wantsMark) order.mark(seen, ++xid);
          published.push(...seen.slice(0, ready).map((row) => row.ord));
          through = published.at(-1) ?? 0;
        };
        for (const each of steps) {
          if (each.does === 'begin') open.push({ xid: ++xid, ords: [] });
          else if (each.does === 'look') look(each.limit);
          else {
            const who = open[each.who % Math.max(1, open.length)];
            if (!who) continue;
            if (each.does === 'write') who.ords.push(++ord);
            else {
              open.splice(open.indexOf(who), 1);
              if (each.does === 'commit') committed.push(...who.ords);
            }
          }
        }
        open.length = 0;
        for (let n = 0; n < 200; n++) look(4);
        expect(published).toEqual(committed.sort((a, b) => a - b));
      }),
      { numRuns: 500 },
    );
  });
});
