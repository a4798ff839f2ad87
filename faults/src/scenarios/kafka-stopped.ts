import { setTimeout as sleep } from 'node:timers/promises';
import { registerGuests } from '../guests.js';
import type { Scenario } from '../scenario.js';

const STOPPED_MS = 30_000;

export const kafkaStopped: Scenario = {
  name: 'kafka-stopped',
  proves: 'tills are served while Kafka is away, and every event is told once it is back',
  play: async (stage) => {
    const { kafka } = stage.servers;
    const load = stage.load({ tills: 12, pauseMs: 80 });
    await load.goesOnFor(stage.random.whole(50, 150));
    stage.strike('Kafka stopped');
    await kafka.stop();
    const before = load.acknowledged;
    const newcomers = await registerGuests(stage.platform, stage.random, 3);
    const unheard = stage.load({
      next: () => stage.counter.purchase(stage.random.pick(newcomers).memberId),
      tills: 2,
      pauseMs: 1_000,
      givesUp: 0,
    });
    await sleep(STOPPED_MS);
    const served = load.acknowledged - before;
    stage.expect(
      served > 100,
      'tills are served while Kafka is away',
      `${served} purchases in ${STOPPED_MS / 1_000} s`,
    );
    await kafka.start();
    await load.goesOnFor(50);
    await Promise.all([load.stop(), unheard.stop()]);
  },
};
