import { setTimeout as sleep } from 'node:timers/promises';
import { isAcknowledged } from '../history.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';
import { quantileMs, surge } from '../surge.js';

const TIMES = 5;
const SURGE_S = 8;
const MOST_IN_FLIGHT = 1_500;

/** A till's patience, in milliseconds. */
const P99_MS = 500;

/** Where ordinary purchases take longer than this, the machine is too busy with other things to tell anything. */
const ORDINARY_P99_MS = 200;

const RECOVERED_WITHIN_MS = 30_000;

export const overload: Scenario = {
  name: 'overload',
  proves: 'at five times what it can bear the platform serves in time or refuses early, and recovers by itself',
  play: async (stage) => {
    const capacity = await stage.capacityPerSecond();
    const ordinaryMs = await ordinaryP99Ms(stage);
    const told = `ordinary purchases take up to ${ordinaryMs.toFixed(0)} ms`;
    stage.say(told);
    stage.expect(ordinaryMs <= ORDINARY_P99_MS, 'the machine is quiet enough to tell', told);
    setTimeout(() => stage.strike(`overload at ${TIMES} × ${Math.round(capacity)} purchases/s`), (SURGE_S * 1_000) / 2);
    const { attempts, offeredPerSecond } = await surge({
      url: stage.platform.gateway.url,
      history: stage.history,
      next: () => stage.nextPurchase(),
      perSecond: capacity * TIMES,
      seconds: SURGE_S,
      mostInFlight: MOST_IN_FLIGHT,
    });
    const served = attempts.filter(({ outcome }) => isAcknowledged(outcome));
    const refused = attempts.filter(({ outcome }) => outcome?.kind === 'retry');
    const result = [
      `offered ${offeredPerSecond.toFixed(0)}/s`,
      `served ${(served.length / SURGE_S).toFixed(0)}/s with p99 ${quantileMs(served, 0.99).toFixed(0)} ms`,
      `refused ${(refused.length / SURGE_S).toFixed(0)}/s with p99 ${quantileMs(refused, 0.99).toFixed(0)} ms`,
    ].join(', ');
    stage.say(result);
    stage.expect(quantileMs(served, 0.99) <= P99_MS, `served purchases keep p99 ≤ ${P99_MS} ms`, result);
    stage.expect(quantileMs(refused, 0.99) <= P99_MS, 'a refusal comes early', result);
    stage.expect(served.length + refused.length === attempts.length, 'everyone is answered', result);
    await recover(stage);
  },
};

/** The latency of tills that leave the platform room; 99 of 100 stay under it. */
async function ordinaryP99Ms(stage: Stage): Promise<number> {
  const first = stage.history.attempts.length;
  const load = stage.load({ tills: 4, pauseMs: 40, givesUp: 0 });
  await sleep(3_000);
  await load.stop();
  return quantileMs(stage.history.attempts.slice(first), 0.99);
}

/** Recovered: tills at an ordinary pace are all served in time for a second. */
async function recover(stage: Stage): Promise<void> {
  const from = performance.now();
  const load = stage.load({ tills: 8, pauseMs: 20, givesUp: 0 });
  const seconds = await stage
    .until(
      'recovery',
      async () => {
        const first = stage.history.attempts.length;
        await sleep(1_000);
        const recent = stage.history.attempts.slice(first).filter(({ outcome }) => outcome !== undefined);
        const isServed = recent.every(({ outcome }) => isAcknowledged(outcome));
        return (
          recent.length > 0 && isServed && quantileMs(recent, 0.99) <= P99_MS && (performance.now() - from) / 1_000
        );
      },
      RECOVERED_WITHIN_MS,
    )
    .catch(() => undefined);
  await load.stop();
  stage.expect(
    seconds !== undefined,
    `recovery within ${RECOVERED_WITHIN_MS / 1_000} s`,
    'tills were not served in time',
  );
  if (seconds !== undefined) stage.say(`recovered after ${seconds.toFixed(1)} s`);
}
