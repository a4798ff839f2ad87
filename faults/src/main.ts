import { join } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { CannotStart, type Platform, startTestServers } from '@regulars/tools';
import { runPlanted } from './planted.js';
import { type ScenarioReport, table, writeReport } from './report.js';
import { runScenario } from './run.js';
import type { Scenario } from './scenario.js';
import { scenarios } from './scenarios.js';
import type { OwnServers } from './stage.js';

/**
 * `npm run faults`: every scenario, or those named; `--seed N` makes their chance repeatable, `--planted` runs each with
 * its planted bug and expects to be told, `--list` tells what there is. Ends with 0 when every promise held.
 */
const { values: flags, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    planted: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    out: { type: 'string', default: join(import.meta.dirname, '..', 'out') },
  },
});

process.exit(await main());

async function main(): Promise<number> {
  const seed = Number(flags.seed);
  const unknown = names.filter((name) => !scenarios.some((scenario) => scenario.name === name));
  if (flags.list || unknown.length > 0 || !Number.isSafeInteger(seed)) {
    for (const name of unknown) console.error(`There is no scenario ${name}.`);
    for (const { name, proves } of scenarios) console.log(`${name.padEnd(24)} ${proves}`);
    return flags.list ? 0 : 2;
  }
  const chosen = scenarios.filter(({ name }) => names.length === 0 || names.includes(name));
  try {
    return flags.planted ? await runPlanted(chosen, seed, flags.out) : await runAll(chosen, seed);
  } catch (error) {
    console.error(error instanceof CannotStart ? error.message : error);
    return 1;
  }
}

async function runAll(chosen: readonly Scenario[], seed: number): Promise<number> {
  const startedAt = new Date().toISOString();
  const reports: ScenarioReport[] = [];
  const { servers, stop } = await breakableServers();
  let playing: Platform | undefined;
  const interrupted = async () => {
    await playing?.stop();
    await stop();
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'disconnect'] as const)
    process.once(signal as 'SIGINT', () => void interrupted());
  try {
    for (const [index, scenario] of chosen.entries()) {
      console.log(styleText('bold', `\n${index + 1}/${chosen.length} ${scenario.name}`), `(seed ${seed})`);
      console.log(`  ${scenario.proves}`);
      const watcher = {
        say: (line: string) => console.log(`  ${line}`),
        started: (platform: Platform) => {
          playing = platform;
        },
      };
      reports.push(await runScenario(scenario, seed, servers, flags.out, watcher));
      await writeReport(join(flags.out, 'report.json'), { startedAt, scenarios: reports, ...counted(reports) });
    }
  } finally {
    await stop();
  }
  const { passed, failed } = counted(reports);
  console.log(`\n${table(reports)}\n${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function counted(reports: readonly ScenarioReport[]): { passed: number; failed: number } {
  const failed = reports.filter(({ violations }) => violations.length > 0).length;
  return { passed: reports.length - failed, failed };
}

/** Servers of our own, whatever the environment names: what others use is not ours to break. */
async function breakableServers(): Promise<{ servers: OwnServers; stop: () => Promise<void> }> {
  delete process.env.DATABASE_URL;
  delete process.env.KAFKA_BROKERS;
  const started = await startTestServers();
  const { adminUrl, brokers, postgres, kafka } = started;
  if (!postgres || !kafka) throw new Error('The servers are not ours to break');
  return { servers: { adminUrl, brokers, postgres, kafka }, stop: () => started.stop() };
}
