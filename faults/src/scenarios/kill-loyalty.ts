import type { Scenario } from '../scenario.js';
import { killAtCommit, takesPurchases } from './commits.js';

const ROUNDS = 2;

export const killLoyalty: Scenario = {
  name: 'kill-loyalty',
  proves: 'loyalty killed in the middle of its work loses nothing that was acknowledged and credits nothing twice',
  postgresProxyFor: 'loyalty',
  play: async (stage) => {
    const load = stage.load();
    const loyalty = stage.platform.service('loyalty');
    const startAgain = async () => {
      await loyalty.start();
      await loyalty.ready();
    };
    for (let round = 0; round < ROUNDS; round++) {
      await load.goesOnFor(stage.random.whole(200, 600));
      stage.strike('kill -9 loyalty');
      await loyalty.kill();
      await startAgain();
      await load.goesOnFor(stage.random.whole(100, 300));
      const what = 'kill -9 loyalty between a COMMIT and its answer';
      await killAtCommit(stage, { at: 'done', of: takesPurchases, what }, () => loyalty.kill());
      await startAgain();
    }
    await load.goesOnFor(200);
    await load.stop();
  },
};
