import { setTimeout as sleep } from 'node:timers/promises';
import { Api, accepted, type Platform, printed } from '@regulars/tools';
import { type Filling, fillLedger } from './filled-ledger.js';
import { type Laboratory, watchedAnew } from './laboratory.js';
import { type Measured, Measurements } from './measurements.js';
import { withClient } from './yardstick.js';

/** Purchases go on at this pace, with and without the work: no maximum, so that waiting shows and not hunger. */
const PER_SECOND = 200;
const CONNECTIONS = 32;
const LOTS_EACH = 4;
const TARGET = 1.5;

/** Work that comes due for very many members on one day. */
interface Work {
  readonly what: string;
  readonly prepare: (platform: Platform) => Promise<void>;
  readonly filling: (scale: number) => Omit<Filling, 'from'>;
  /** How many accounts are left. */
  readonly left: string;
  /** What is done twice or not at all; 0 when all is well. */
  readonly wrong: string;
}

const expiry: Work = {
  what: 'lots that end',
  prepare: () => Promise.resolve(),
  filling: (scale) => ({ accounts: Math.ceil(scale / LOTS_EACH), entriesEach: LOTS_EACH, due: 'ended' }),
  left: 'select count(*) as count from account where next_expiry_at <= now()',
  wrong: `select count(*) as count from (
      select l.lot_id from lot l left join entry e on e.source_id = l.lot_id and e.kind = 'expire'
      where l.expires_at < now() group by l.member_id, l.programme_id, l.lot_id
      having count(e.entry_id) <> 1 or coalesce(sum(e.points), 0) <> -l.points or l.remaining <> 0) lots`,
};

const review: Work = {
  what: 'members whose tier is reviewed',
  prepare: publishReviews,
  filling: (scale) => ({ accounts: scale, entriesEach: 1, due: 'review' }),
  left: 'select count(*) as count from account where tier_due_on <= current_date',
  wrong: `select count(*) as count from (
      select member_id from tier_change where kind <> 'promoted' group by member_id, programme_id having count(*) > 1) twice`,
};

/** Purchases with and without the work, and how long it takes although its process is killed in the middle. */
export interface DueWorkMeasured {
  readonly what: string;
  readonly scale: number;
  readonly without: readonly Measured[];
  readonly meanwhile: Measured;
  /** Accounts that were due when the purchases began and when they ended. */
  readonly leftBefore: number;
  readonly leftAfter: number;
  /** Accounts that were due when the process was killed. */
  readonly leftAtKill: number;
  /** From its start to its end, the restart after the kill included. */
  readonly seconds: number;
  readonly wrong: number;
}

export const measureExpiry = (lab: Laboratory, scale: number, seconds: number) => measure(lab, expiry, scale, seconds);
export const measureReview = (lab: Laboratory, scale: number, seconds: number) => measure(lab, review, scale, seconds);

async function measure(lab: Laboratory, work: Work, scale: number, seconds: number): Promise<DueWorkMeasured> {
  const { platform } = lab;
  const loyalty = platform.service('loyalty');
  await work.prepare(platform);
  const count = (sql: string) =>
    withClient(platform.database.urls.loyalty, async (client) => {
      const { rows } = await client.query<{ count: string }>(sql);
      return Number(rows[0]?.count);
    });
  const load = { connections: CONNECTIONS, perSecond: PER_SECOND, warmUpS: 2, seconds };
  const purchases = () => new Measurements(watchedAnew(lab), `D${Date.now().toString(36)}-`).purchases(load);
  await purchases();
  const before = await printed.stage('purchases without it', purchases);
  await loyalty.stop();
  await printed.stage(`${scale} ${work.what}`, () => fillLedger(platform, { from: scale, ...work.filling(scale) }));
  const from = performance.now();
  await loyalty.start();
  await loyalty.ready();
  const leftBefore = await count(work.left);
  const meanwhile = await printed.stage('purchases meanwhile', purchases);
  const leftAfter = await count(work.left);
  await loyalty.kill();
  const leftAtKill = await count(work.left);
  await loyalty.start();
  await loyalty.ready();
  await printed.stage('what the kill left', async () => {
    while ((await count(work.left)) > 0) await sleep(250);
  });
  const took = (performance.now() - from) / 1_000;
  const wrong = await count(work.wrong);
  const after = await printed.stage('purchases without it again', async () => {
    await new Measurements(watchedAnew(lab)).rest();
    return purchases();
  });
  const { what } = work;
  return { what, scale, without: [before, after], meanwhile, leftBefore, leftAfter, leftAtKill, seconds: took, wrong };
}

export function dueWorkText(measured: DueWorkMeasured): string {
  const { what, scale, without, meanwhile, leftBefore, leftAfter, leftAtKill, seconds, wrong } = measured;
  const yardstick = without.reduce((sum, { p99Ms }) => sum + p99Ms, 0) / without.length;
  const ratio = meanwhile.p99Ms / yardstick;
  const told = ({ p50Ms, p99Ms }: Measured) => `p50 ${p50Ms.toFixed(1)}, p99 ${p99Ms.toFixed(1)} ms`;
  return [
    `${scale} ${what}: ${seconds.toFixed(0)} s with a kill -9 and a restart, ${Math.round(scale / seconds)}/s; wrong: ${wrong}`,
    `  ${PER_SECOND} purchases/s without it: ${without.map(told).join('; then ')}; meanwhile: ${told(meanwhile)}`,
    `  ratio of p99 ${ratio.toFixed(2)} (target ≤ ${TARGET}: ${ratio <= TARGET ? 'met' : 'missed'})`,
    `  due accounts ${leftBefore} → ${leftAfter} meanwhile, ${leftAtKill} when it was killed${leftAfter === 0 ? ' (over too early: take a larger --scale)' : ''}`,
  ].join('\n');
}

/** Tiers are reviewed from today on. */
async function publishReviews({ gateway, tokens, programmeId }: Platform): Promise<void> {
  const office = new Api(gateway.url, tokens.administrator);
  const path = `/v1/programmes/${programmeId}`;
  const { versions } = accepted(await office.get(path), 'reading the programme') as {
    versions: { terms: Record<string, unknown> }[];
  };
  const terms = { ...versions[0]?.terms, tierReview: { everyMonths: 12, noticeDays: 0, graceDays: 0 } };
  const { version } = accepted(await office.post(`${path}/versions`, terms), 'drafting reviews') as { version: number };
  // Today in the programme's zone.
  const effectiveFrom = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
  accepted(await office.post(`${path}/versions/${version}:publish`, { effectiveFrom }), 'publishing reviews');
}
