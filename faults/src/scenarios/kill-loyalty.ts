import type { Scenario } from '../scenario.js';

const ROUNDS = 3;

export const killLoyalty: Scenario = {
  name: 'kill-loyalty',
  proves: 'loyalty killed in the middle of its work loses nothing that was acknowledged and credits nothing twice',
  play: async (stage) => {
    const load = stage.load();
    const loyalty = stage.platform.service('loyalty');
    for (let round = 0; round < ROUNDS; round++) {
      await load.goesOnFor(stage.random.whole(200, 600));
      stage.strike('kill -9 loyalty');
      await loyalty.kill();
      await loyalty.start();
      await loyalty.ready();
    }
    await load.goesOnFor(200);
    await load.stop();
  },
};
