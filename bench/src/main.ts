import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CannotStart } from '@regulars/tools';
import { batchesAreOffered, measureBatches } from './batches.js';
import { chart } from './chart.js';
import { measureCodes } from './codes.js';
import { measureEventLag } from './event-lag.js';
import { durability, type Laboratory, outDir, PROFILED, setUp } from './laboratory.js';
import { loyaltyFigures } from './loyalty.js';
import { type Measured, Measurements } from './measurements.js';
import { measureMembers, membersText, membersWhoBuy } from './members.js';
import { meansOf } from './metrics.js';
import { FULL, type Plan, PROFILING, QUICK } from './plan.js';
import { profileText, summarise, type Window } from './profile.js';
import { measureReads } from './reads.js';
import { reportText } from './report.js';
import type { Results } from './results.js';
import { compareRules, rulesText } from './rules.js';
import { median } from './statistics.js';
import { figuresOf, verdicts } from './targets.js';
import { claimsIn, writtenRows, Yardstick } from './yardstick.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    rules: { type: 'boolean', default: false },
    codes: { type: 'boolean', default: false },
    members: { type: 'boolean', default: false },
    spending: { type: 'boolean', default: false },
    expiry: { type: 'boolean', default: false },
    review: { type: 'boolean', default: false },
    ledger: { type: 'boolean', default: false },
    scale: { type: 'string', default: '1000000' },
  },
});

const isOfMembers = flags.members || positionals[0] === 'members';
const isOfLoyalty = flags.spending || flags.expiry || flags.review || flags.ledger;
/** Enough that hardly anybody buys twice at once. */
const BUYERS_OF_LOYALTY = 500;

let lab: Laboratory | undefined;
let ending: Promise<void> | undefined;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => void end(130));
process.on('disconnect', () => void end(1));

try {
  const code = await run(flags.profile ? PROFILING : flags.quick ? QUICK : FULL);
  await end(code);
} catch (error) {
  if (!ending) console.error(error instanceof CannotStart ? error.message : error);
  await end(1);
}

/** @returns the exit code: 1 when what was acknowledged and what is stored differ, because then no figure counts */
async function run(plan: Plan): Promise<number> {
  const scale = Number(flags.scale);
  if (!Number.isInteger(scale) || scale < 1_000) throw new CannotStart('--scale is how many rows: at least 1000');
  lab = await setUp({ members: membersFor(plan), isProfiled: flags.profile });
  const measurements = new Measurements(lab);
  await mkdir(outDir, { recursive: true });
  if (flags.profile) return profile(lab, measurements, plan);
  if (flags.rules) {
    console.log(rulesText(await compareRules(lab, measurements, plan)));
    return 0;
  }
  if (flags.codes) {
    console.log(await measureCodes(lab, 200_000));
    return 0;
  }
  if (isOfMembers) {
    const measured = await measureMembers(lab, measurements, scale);
    console.log(membersText(measured));
    await writeFile(join(outDir, 'members.json'), `${JSON.stringify(measured, null, 2)}\n`);
    return 0;
  }
  if (isOfLoyalty) {
    await loyaltyFigures(lab, measurements, flags, { scale, seconds: Math.min(20, plan.steadyS) });
    return 0;
  }
  const results = await measure(lab, measurements, plan);
  const figures = figuresOf(results);
  console.log(reportText(results, figures, verdicts(figures, results.steady.memory)));
  await writeFile(join(outDir, 'purchases.json'), `${JSON.stringify(figures, null, 2)}\n`);
  await writeFile(join(outDir, 'purchases.svg'), chart(results));
  console.log(
    `\nbench/out/purchases.json, bench/out/purchases.svg; the yardstick's SQL is in bench/out/yardstick-*.sql`,
  );
  return Object.values(results.books).every(({ acknowledged, claims }) => acknowledged === claims) ? 0 : 1;
}

function membersFor(plan: Plan): number {
  if (isOfMembers) return membersWhoBuy;
  return isOfLoyalty ? BUYERS_OF_LOYALTY : plan.members;
}

async function measure(lab: Laboratory, measurements: Measurements, plan: Plan): Promise<Results> {
  say('warming up');
  await measurements.purchases({ connections: 64, warmUpS: 0, seconds: plan.warmUpS });
  const yardstick = await Yardstick.prepare(lab.platform, plan.members, outDir);
  console.log(
    `\nThe yardstick's SQL, ${yardstick.writer}:\n${yardstick.sql.perTable}\n${yardstick.sql.createFunction}\n`,
  );
  await measurements.rest();
  say('finding the fastest yardstick');
  const tried = await yardstick.calibrate(plan.calibrationS);
  const rounds = await alternate(lab, measurements, yardstick, tried[0], plan);
  const maximum = Math.max(
    ...([64, 256] as const).map((each) => median(rounds.purchases[each].map((m) => m.perSecond))),
  );
  const reads = await measureReads(lab, { rounds: plan.rounds, seconds: plan.readsS, warmUpS: 1 });
  const steady = await steadyLoad(measurements, plan, maximum * 0.7);
  const acknowledged = measurements.acknowledged;
  const results: Results = {
    isQuick: flags.quick,
    machine: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`,
    durability: await durability(lab),
    writer: yardstick.writer,
    startS: lab.startS,
    traceExports: lab.traces.exports,
    ...rounds,
    yardstick: { best: tried[0], tried, rounds: rounds.yardstick },
    steady,
    eventLag: await measureEventLag(lab, steady.measured),
    reads,
    books: {
      platform: { acknowledged, claims: await claimsIn(lab.platform.database.urls.loyalty) },
      yardstick: await yardstick.counts(),
    },
    rows: { platform: await writtenRows(lab.platform.database.urls.loyalty), yardstick: await yardstick.rows() },
  };
  await yardstick.remove();
  return results;
}

/** One load after the other, all of them in every round, so that a machine that changes its pace changes it for all. */
async function alternate(
  lab: Laboratory,
  measurements: Measurements,
  yardstick: Yardstick,
  best: Parameters<Yardstick['write']>[0],
  plan: Plan,
): Promise<Pick<Results, 'purchases' | 'batches'> & { yardstick: number[] }> {
  const purchases: Record<1 | 64 | 256, Measured[]> = { 1: [], 64: [], 256: [] };
  const written: number[] = [];
  const batches: number[] | undefined = (await batchesAreOffered(lab)) ? [] : undefined;
  for (let round = 1; round <= plan.rounds; round++) {
    for (const connections of [64, 256, 1] as const) {
      await measurements.rest();
      const { warmUpS, loadS: seconds } = plan;
      purchases[connections].push(await measurements.purchases({ connections, warmUpS, seconds }));
      if (connections === 1) continue;
      await measurements.rest();
      written.push((await yardstick.write(best, plan.yardstickS)).perSecond);
    }
    if (batches) {
      await measurements.rest();
      batches.push(await measureBatches(lab, measurements, { seconds: plan.loadS, run: `O${round}` }));
    }
    const rates = Object.entries(purchases).map(
      ([name, all]) => `${name}: ${Math.round(all.at(-1)?.perSecond ?? 0)}/s`,
    );
    say(`round ${round} of ${plan.rounds}: ${rates.join(', ')}, yardstick ${Math.round(written.at(-1) ?? 0)}/s`);
  }
  return { purchases, yardstick: written, batches };
}

async function steadyLoad(measurements: Measurements, plan: Plan, perSecond: number): Promise<Results['steady']> {
  await measurements.rest();
  say(`${Math.round(perSecond)}/s for ${plan.steadyS} s`);
  const load = { connections: 256, warmUpS: plan.warmUpS, seconds: plan.steadyS, perSecond };
  return { perSecond, ...(await measurements.watched(load, plan.memoryEveryS)), isCaughtUp: true };
}

/** Purchases at 64 and 256 connections with V8's profiler in the services; prints where their time went. */
async function profile({ platform }: Laboratory, measurements: Measurements, plan: Plan): Promise<number> {
  await measurements.purchases({ connections: 64, warmUpS: 0, seconds: plan.warmUpS });
  await measurements.rest();
  const idle = Object.entries((await measurements.idle(5)) ?? {});
  say(`at rest, % of a core: ${idle.map(([name, share]) => `${name} ${(share * 100).toFixed(1)}`).join(', ')}`);
  const windows: Window[] = [];
  for (const connections of [64, 256] as const) {
    await measurements.rest();
    const from = process.hrtime.bigint();
    const load = await measurements.purchases({ connections, warmUpS: plan.warmUpS, seconds: plan.loadS });
    windows.push({ from, to: process.hrtime.bigint() });
    const cpu = Object.entries(load.cpuMicros ?? {}).filter(([, micros]) => micros >= 1);
    say(`${connections} connections: ${Math.round(load.perSecond)}/s, p50 ${load.p50Ms} ms, p99 ${load.p99Ms} ms`);
    say(`µs of CPU for a purchase: ${cpu.map(([name, micros]) => `${name} ${Math.round(micros)}`).join(', ')}`);
    say(`database transactions for a purchase: ${load.transactions.toFixed(2)}`);
    say(`loyalty: ${(await meansOf(platform.ports.loyalty[0]?.ops)).join(', ')}`);
  }
  await end(0, async ({ profileDir }) => {
    for (const name of PROFILED) {
      console.log(`\n${profileText(name, await summarise(join(profileDir, `${name}.cpuprofile`), windows))}`);
    }
    console.log('\nThe profiles are in bench/out/profiles: open them with a browser’s developer tools.');
  });
  return 0;
}

function say(what: string): void {
  console.log(`· ${what}`);
}

/** Ends everything once, whoever asks first; the services write their profiles when they end. */
function end(code: number, afterwards?: (lab: Laboratory) => Promise<void>): Promise<void> {
  ending ??= (async () => {
    await lab?.stop();
    if (lab && afterwards) await afterwards(lab);
    process.exit(code);
  })();
  return ending;
}
