import { setTimeout as sleep } from 'node:timers/promises';
import { LocalPostgres } from '@regulars/tools';
import type { Scenario } from '../scenario.js';

/** What was on its way when the standby was cut off has been answered by then. */
const SETTLES_MS = 200;
const CUT_OFF_MS = 800;

export const failover: Scenario = {
  name: 'failover',
  proves:
    'the primary PostgreSQL killed at a moment when its synchronous standby lagged: the standby has all that was acknowledged',
  postgresProxyFor: 'every',
  play: async (stage) => {
    const { servers, postgresProxy } = stage;
    const primary = servers.postgres;
    const standby = await LocalPostgres.standbyOf(primary, `${primary.dir}-standby`);
    stage.atTheEnd(async () => {
      await standby.stop();
      await LocalPostgres.remove(standby.dir);
    });
    const load = stage.load();
    await load.goesOnFor(stage.random.whole(300, 600));

    await standby.stopHearing();
    await sleep(SETTLES_MS);
    const before = load.acknowledged;
    await sleep(CUT_OFF_MS);
    const without = load.acknowledged - before;
    stage.strike('kill -9 the primary PostgreSQL');
    await primary.kill();
    const from = performance.now();
    await standby.promote();
    stage.serving = standby;
    postgresProxy.leadTo(standby.adminUrl);
    await load.goesOnFor(1);
    stage.say(`the first purchase acknowledged ${Math.round(performance.now() - from)} ms after the primary was gone`);
    await load.goesOnFor(300);
    await load.stop();
    stage.expect(without === 0, 'nothing is acknowledged that the standby does not have', `${without} purchases`);

    // Later scenarios want it as it was.
    await primary.start();
    await primary.standAlone();
  },
};
