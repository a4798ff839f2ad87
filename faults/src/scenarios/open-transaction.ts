import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario } from '../scenario.js';

const OPEN_MS = 9_000;

/** The alert's limit, in seconds. */
const LIMIT_S = 5;

export const openTransaction: Scenario = {
  name: 'open-transaction',
  proves:
    'a transaction left open elsewhere while a number of the outbox is given back shows in its metric, and costs no event',
  replicas: { gateway: 2, loyalty: 2 },
  play: async (stage) => {
    const load = stage.load({ tills: 24, pauseMs: 30 });
    await load.goesOnFor(100);
    const elsewhere = await stage.connect();
    try {
      await elsewhere.query('begin');
      await elsewhere.query('create table surveys.left_open (n integer)');
      await elsewhere.query(`select nextval(pg_get_serial_sequence('loyalty.outbox', 'ord'))`);
      stage.strike('a writing transaction is left open');
      const before = load.acknowledged;
      await sleep(OPEN_MS);
      const open = (await stage.metric('regulars_outbox_oldest_writer_seconds')) ?? 0;
      stage.expect(open > LIMIT_S, 'the stall shows in the metric', `${open.toFixed(1)} s after ${OPEN_MS / 1_000} s`);
      stage.expect(load.acknowledged > before, 'tills are served meanwhile', 'no purchase was acknowledged');
      await elsewhere.query('rollback');
    } finally {
      await elsewhere.end();
    }
    const until = await stage.until('the metric falling', async () => {
      const open = await stage.metric('regulars_outbox_oldest_writer_seconds');
      return open !== undefined && open < LIMIT_S ? { open } : undefined;
    });
    stage.expect(until.open < LIMIT_S, 'the stall ends with the transaction', `${until.open} s`);
    await load.goesOnFor(100);
    await load.stop();
  },
};
