import type { Scenario } from '../scenario.js';

const ROUNDS = 2;

export const killPostgres: Scenario = {
  name: 'kill-postgres',
  proves: 'PostgreSQL killed like by a power cut has kept what was acknowledged, and everyone finds it again',
  play: async (stage) => {
    const load = stage.load();
    const { postgres } = stage.servers;
    for (let round = 0; round < ROUNDS; round++) {
      await load.goesOnFor(stage.random.whole(200, 600));
      stage.strike('kill -9 PostgreSQL');
      await postgres.kill();
      await postgres.start();
    }
    await load.goesOnFor(200);
    await load.stop();
  },
};
