import type { Scenario } from '../scenario.js';
import { leadingRelay, relayIsBusy } from './relay.js';

const ROUNDS = 3;

export const killRelay: Scenario = {
  name: 'kill-relay',
  proves: 'a relay killed while it publishes is followed by another that leaves no event out and keeps the order',
  replicas: { gateway: 2, loyalty: 2 },
  play: async (stage) => {
    const load = stage.load();
    for (let round = 0; round < ROUNDS; round++) {
      await load.goesOnFor(stage.random.whole(150, 400));
      const leader = stage.platform.service('loyalty', await leadingRelay(stage));
      await relayIsBusy(stage);
      stage.strike('kill -9 the relay that publishes');
      await leader.kill();
      await leader.start();
      await leader.ready();
    }
    await load.goesOnFor(150);
    await load.stop();
  },
};
