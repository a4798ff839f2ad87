import type { Scenario } from '../scenario.js';

const PURCHASES = 3_000;

export const hotMember: Scenario = {
  name: 'hot-member',
  proves: 'one member who takes all the traffic, over two gateways and two loyalty pods, has one history without a gap',
  replicas: { gateway: 2, loyalty: 2 },
  guests: 2,
  play: async (stage) => {
    const [hot] = stage.guests;
    const load = stage.load({ next: () => stage.counter.purchase(hot?.memberId), tills: 48, givesUp: 0 });
    await load.goesOnFor(PURCHASES / 2);
    stage.strike('all tills serve one member');
    await load.goesOnFor(PURCHASES / 2);
    await load.stop();
  },
};
