import { keptConnections } from '../http.js';
import { post } from '../load.js';
import type { Scenario } from '../scenario.js';

const PAIRS = 400;
const AT_ONCE = 8;

export const twins: Scenario = {
  name: 'twins',
  proves: 'the same receipt posted twice at once under different keys, at different gateways, is credited once',
  replicas: { gateway: 2, loyalty: 2 },
  pairsGateways: true,
  play: async (stage) => {
    const agent = keptConnections(2 * AT_ONCE);
    const [first = '', second = ''] = stage.platform.gatewayUrls;
    const load = stage.load({ tills: 4, pauseMs: 20 });
    for (let pair = 0; pair < PAIRS; pair += AT_ONCE) {
      // No member's lock lines up those whom nobody knows: only the claim stands between them.
      const isAnonymous = stage.random.chance(0.3);
      const posted = Array.from({ length: AT_ONCE }, () => {
        const purchase = isAnonymous ? stage.counter.purchase(undefined) : stage.nextPurchase();
        const rebooted = { ...purchase, key: `${purchase.key}-rebooted` };
        return [
          post(agent, first, stage.history, purchase, 10_000),
          post(agent, second, stage.history, rebooted, 10_000),
        ];
      }).flat();
      stage.history.strike('the same receipts under two keys');
      const outcomes = await Promise.all(posted);
      for (const { kind } of outcomes) {
        stage.expect(kind === 'credited' || kind === 'pending', 'both of a pair are answered', kind);
      }
    }
    agent.destroy();
    await load.stop();
  },
};
