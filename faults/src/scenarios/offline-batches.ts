import { postBatch } from '../batch.js';
import { keptConnections } from '../http.js';
import type { Scenario } from '../scenario.js';

const DAYS = 3;
const A_DAY = 120;
const PATIENCE_MS = 60_000;

export const offlineBatches: Scenario = {
  name: 'offline-batches',
  proves: 'three days of stored purchases, shuffled and handed in twice at once, are credited once, beside live ones',
  replicas: { gateway: 2, loyalty: 2 },
  play: async (stage) => {
    const agent = keptConnections(16);
    const load = stage.load({ tills: 8, pauseMs: 20 });
    const { random, history, platform } = stage;
    const handedIn = (platform.tillKeys ?? []).flatMap((till) => {
      const stored = Array.from({ length: DAYS * A_DAY }, (_, place) =>
        stage.counter.purchase(random.chance(0.9) ? random.pick(stage.guests).memberId : undefined, {
          till,
          businessDate: stage.businessDate(1 + (place % DAYS)),
        }),
      );
      return platform.gatewayUrls.map((url) => postBatch(agent, url, history, random.shuffled(stored), PATIENCE_MS));
    });
    stage.strike('the same three days are handed in twice');
    await Promise.all(handedIn);
    agent.destroy();
    await load.stop();
    const unanswered = history.attempts.filter(
      ({ key, outcome }) => key === undefined && outcome?.kind !== 'credited' && outcome?.kind !== 'pending',
    );
    stage.expect(
      unanswered.length === 0,
      'every line is acknowledged',
      `${unanswered.length} lines, first ${JSON.stringify(unanswered[0]?.outcome)}`,
    );
  },
};
