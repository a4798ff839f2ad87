import type { Scenario } from '../scenario.js';
import { takesPurchases } from './commits.js';

const CUTS = 12;

export const cutCommit: Scenario = {
  name: 'cut-commit',
  proves: 'a connection that ends between a COMMIT and its answer is neither taken for a yes nor for a no',
  postgresProxyFor: 'loyalty',
  play: async (stage) => {
    const load = stage.load();
    await load.goesOnFor(200);
    let cuts = 0;
    let passed = 0;
    let gap = 5;
    stage.postgresProxy.trap = (moment, session) => {
      if (cuts === CUTS || !takesPurchases(session) || stage.history.inFlight === 0) return 'pass';
      if (moment === 'sent') passed += 1;
      if (passed < gap) return 'pass';
      // Both sides look the same to loyalty: the server has committed, or never heard of it.
      if (moment === 'sent' && stage.random.chance(0.6)) return 'pass';
      cuts += 1;
      [passed, gap] = [0, stage.random.whole(4, 14)];
      stage.strike(moment === 'done' ? 'cut after COMMIT, before its answer' : 'cut before COMMIT');
      return 'cut';
    };
    await stage.until(`${CUTS} cuts`, () => cuts === CUTS, 60_000);
    stage.postgresProxy.trap = undefined;
    await load.goesOnFor(200);
    await load.stop();
  },
};
