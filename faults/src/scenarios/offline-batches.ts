import type { Agent } from 'node:http';
import { postBatch } from '../batch.js';
import { keptConnections } from '../http.js';
import { post } from '../load.js';
import type { Posting, Till } from '../purchases.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

const DAYS = 3;
const A_DAY = 100;
const PATIENCE_MS = 60_000;

/** How often a till hands in what it got no answer for. */
const ROUNDS = 6;

export const offlineBatches: Scenario = {
  name: 'offline-batches',
  proves: 'three days of stored purchases, shuffled and handed in twice at once, are credited once, beside live ones',
  replicas: { gateway: 2, loyalty: 2 },
  play: async (stage) => {
    const agent = keptConnections(16);
    const load = stage.load({ tills: 8, pauseMs: 20 });
    await load.goesOnFor(50);
    const handedIn = (stage.platform.tillKeys ?? []).flatMap((till) => {
      const stored = storedAt(stage, till);
      const early = stage.random
        .shuffled(stored)
        .slice(0, 8)
        .map((purchase) => stage.counter.refund(purchase));
      return [
        ...stage.platform.gatewayUrls.map((url) => handIn(stage, agent, url, stored)),
        ...early.map((refund) => post(agent, stage.platform.gateway.url, stage.history, refund, PATIENCE_MS)),
      ];
    });
    stage.strike('the same three days are handed in twice');
    await Promise.all(handedIn);
    agent.destroy();
    await load.stop();
  },
};

function storedAt(stage: Stage, till: Till): Posting[] {
  const { random, counter, guests } = stage;
  return Array.from({ length: DAYS * A_DAY }, (_, place) =>
    counter.purchase(random.chance(0.9) ? random.pick(guests).memberId : undefined, {
      till,
      businessDate: stage.businessDate(1 + (place % DAYS)),
    }),
  );
}

async function handIn(stage: Stage, agent: Agent, url: string, stored: readonly Posting[]): Promise<void> {
  let left = stage.random.shuffled(stored);
  for (let round = 0; round < ROUNDS && left.length > 0; round++) {
    left = await postBatch(agent, url, stage.history, left, PATIENCE_MS);
  }
  stage.expect(left.length === 0, 'every stored purchase is acknowledged in the end', `${left.length} lines left`);
}
