import { askSteadily } from '../desk.js';
import { isAcknowledged } from '../history.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';
import { quantileMs, surge } from '../surge.js';

/** Of what the platform can bear: tills that leave it room, and what `overload` does to it. */
const PACES = { ordinary: 0.2, surge: 5 } as const;
const SECONDS = 6;
const MOST_IN_FLIGHT = 1_500;

/** A till's patience; who is slower than that while everything runs may be twice as slow, not more. */
const P99_MS = 500;
const SLOWER = 2;

const OTHERS_PER_S = 5;
/** So many that calls which wait for the deadline would pile up, were they let. */
const STOPPED_PER_S = 60;

/** Where ordinary purchases take longer than this, the machine is too busy with other things to tell anything. */
const ORDINARY_P99_MS = 300;

export const downstreamStopped: Scenario = {
  name: 'downstream-stopped',
  proves:
    'with one service stopped the others keep their latency, at an ordinary pace and at five times what can be borne',
  play: async (stage) => {
    const capacity = await stage.capacityPerSecond();
    const before = {
      ordinary: await measure(stage, 'ordinary', capacity, 'all run'),
      surge: await measure(stage, 'surge', capacity, 'all run'),
    };
    const ordinaryMs = before.ordinary[0]?.p99Ms ?? 0;
    stage.expect(ordinaryMs <= ORDINARY_P99_MS, 'the machine is quiet enough to tell', `p99 ${ordinaryMs} ms`);
    const members = stage.platform.service('members');
    const load = stage.load({ tills: 8, pauseMs: 0, givesUp: 0 });
    await load.goesOnFor(20);
    stage.strike('members stopped: its connections stay open and nothing answers');
    members.pause();
    await load.stop();
    try {
      for (const pace of ['ordinary', 'surge'] as const) {
        compare(stage, before[pace], await measure(stage, pace, capacity, 'members stopped'));
      }
    } finally {
      members.resume();
    }
    await stage.until('members being read again', async () => {
      const [asked] = await askSteadily({ ...desk(stage, 'members'), perSecond: 1, seconds: 0.5 });
      return asked?.status === 200;
    });
  },
};

type Pace = keyof typeof PACES;
type Owner = 'stores' | 'members' | 'loyalty' | 'complaints' | 'surveys' | 'notifications';

/** What those who asked one thing were answered within one phase. */
interface Latency {
  readonly of: 'purchases' | Owner;
  readonly pace: Pace;
  readonly while: string;
  readonly asked: number;
  readonly served: number;
  /** Of all answers, early refusals among them. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Guests at the tills and people at desks, together; everybody's latency is noted in the report. */
async function measure(stage: Stage, pace: Pace, capacity: number, running: string): Promise<readonly Latency[]> {
  const owners: readonly Owner[] = ['stores', 'members', 'loyalty', 'complaints', 'surveys', 'notifications'];
  const [{ attempts }, ...desks] = await Promise.all([
    surge({
      url: stage.platform.gateway.url,
      history: stage.history,
      next: () => stage.nextPurchase(),
      perSecond: capacity * PACES[pace],
      seconds: SECONDS,
      mostInFlight: MOST_IN_FLIGHT,
    }),
    ...owners.map((owner) =>
      askSteadily({
        ...desk(stage, owner),
        perSecond: owner === 'members' ? STOPPED_PER_S : OTHERS_PER_S,
        seconds: SECONDS,
      }),
    ),
  ]);
  const of = (what: Latency['of'], asked: Parameters<typeof quantileMs>[0], served: number): Latency => ({
    of: what,
    pace,
    while: running,
    asked: asked.length,
    served,
    p50Ms: Math.round(quantileMs(asked, 0.5)),
    p99Ms: Math.round(quantileMs(asked, 0.99)),
  });
  const latencies = [
    of('purchases', attempts, attempts.filter(({ outcome }) => isAcknowledged(outcome)).length),
    ...desks.map((asked, at) => of(owners[at] as Owner, asked, asked.filter(({ status }) => status === 200).length)),
  ];
  for (const latency of latencies) stage.measured(latency);
  const told = latencies.map((each) => `${each.of} ${each.p50Ms}/${each.p99Ms} (${each.served} of ${each.asked})`);
  stage.say(`${pace}, ${running}: p50/p99 ms (served of asked): ${told.join(', ')}`);
  return latencies;
}

function compare(stage: Stage, before: readonly Latency[], during: readonly Latency[]): void {
  for (const [at, now] of during.entries()) {
    const then = before[at] as Latency;
    const told = `${now.of}, ${now.pace}: p99 ${then.p99Ms} ms, then ${now.p99Ms} ms; served ${then.served} of ${then.asked}, then ${now.served} of ${now.asked}`;
    if (now.of === 'members') {
      stage.expect(now.served === 0, 'the stopped service really is stopped', told);
      continue;
    }
    stage.expect(now.p99Ms <= Math.max(P99_MS, SLOWER * then.p99Ms), 'the others keep their latency', told);
    stage.expect(now.served / now.asked >= then.served / then.asked / SLOWER, 'the others are served as before', told);
  }
}

/** What somebody at a desk reads of an owner. */
function desk({ platform, guests }: Stage, owner: Owner) {
  const memberId = guests[0]?.memberId ?? '';
  const paths: Readonly<Record<Owner, string>> = {
    stores: '/v1/stores',
    members: `/v1/members/${memberId}`,
    loyalty: `/v1/members/${memberId}/points`,
    complaints: `/v1/cases?memberId=${memberId}`,
    surveys: `/v1/followups?memberId=${memberId}`,
    notifications: `/v1/messages?memberId=${memberId}`,
  };
  return { url: platform.gateway.url, bearer: platform.tokens.administrator, path: paths[owner] };
}
