import type { Scenario } from '../scenario.js';
import { leadingRelay, relayIsBusy } from './relay.js';

const ROUNDS = 3;

export const twoRelays: Scenario = {
  name: 'two-relays',
  proves: 'a relay that slept through the loss of its lead is fenced, and its successor has left nothing out',
  replicas: { gateway: 2, loyalty: 2 },
  play: async (stage) => {
    const load = stage.load({ patienceMs: 2_000 });
    for (let round = 0; round < ROUNDS; round++) {
      await load.goesOnFor(stage.random.whole(150, 400));
      const asleep = await leadingRelay(stage);
      await relayIsBusy(stage);
      stage.strike('the relay that leads falls asleep and loses its lock');
      stage.platform.service('loyalty', asleep).pause();
      try {
        // Its lock goes with its session; it cannot know before it wakes up.
        await stage.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where application_name = 'relay' and usename = current_database() || '_loyalty'
             and pid in (select pid from pg_locks where locktype = 'advisory' and granted)`,
        );
        await stage.until('the other relay leading', async () => {
          return (await stage.metric('regulars_outbox_leads', 'loyalty', 1 - asleep)) === 1;
        });
      } finally {
        stage.platform.service('loyalty', asleep).resume();
      }
    }
    await load.goesOnFor(150);
    await load.stop();
  },
};
