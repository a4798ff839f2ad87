import { cp, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkStored } from '@regulars/invariants';
import { type Platform, SERVICES, type ServiceName, startPlatform } from '@regulars/tools';
import { type Guest, guestsAreKnown, registerGuests } from './guests.js';
import { History } from './history.js';
import { MailProxy } from './mail-proxy.js';
import { personalInLog, personalInTopic, personalTexts } from './personal.js';
import { PostgresProxy } from './postgres-proxy.js';
import { brokenPromises } from './promises.js';
import { Random } from './random.js';
import { reportOf, type ScenarioReport } from './report.js';
import { comeToRest } from './rest.js';
import type { Scenario } from './scenario.js';
import { type Between, type OwnServers, Stage } from './stage.js';
import { storedEvents, storedLoyalty } from './stored.js';
import { brokenStream } from './stream.js';
import { readTopics } from './topic.js';
import { type Violation, violationsOf } from './violation.js';

/** How long a scenario may play, so that a run ends whatever happens. */
const PLAYS_WITHIN_MS = 300_000;

const RESTS_WITHIN_MS = 120_000;

const POINTS = 'regulars.loyalty.points.v1';

/**
 * Plays one scenario on a platform of its own and holds everything that tills were answered, that is stored and that was
 * published against the invariants. `started` is told of the platform, so that who interrupts the run can stop it. Leaves
 * the history, and the logs where something was broken, in `outDir`.
 */
export async function runScenario(
  scenario: Scenario,
  seed: number,
  servers: OwnServers,
  outDir: string,
  { say, started }: { say: (line: string) => void; started: (platform: Platform) => void },
): Promise<ScenarioReport> {
  const from = performance.now();
  await mkdir(outDir, { recursive: true });
  const between = await putBetween(scenario, servers);
  const history = new History(join(outDir, `${scenario.name}.ndjson`));
  const logsDir = join(outDir, `${scenario.name}-logs`);
  await rm(logsDir, { recursive: true, force: true });
  let platform: Platform | undefined;
  let stage: Stage | undefined;
  const report = (violations: readonly Violation[]) =>
    reportOf(scenario, seed, history, violations, stage?.measurements ?? [], (performance.now() - from) / 1_000);
  try {
    platform = await startPlatform({ servers, replicas: scenario.replicas, env: environment(scenario, between) });
    started(platform);
    say('the platform runs');
    stage = await setStage(scenario, platform, servers, history, new Random(seed), between, say);
    const violations = [...(await play(scenario, stage)), ...(await inspect(stage, say))];
    const played = report(violations);
    if (played.violations.length > 0) await cp(dirname(logFiles(platform)[0] as string), logsDir, { recursive: true });
    return played;
  } catch (error) {
    return report([{ rule: 'the scenario can be set up and counted', what: String(error) }]);
  } finally {
    await platform?.stop();
    await stage?.clear();
    await Promise.all([between.postgresProxy?.close(), between.mailProxy?.close()]);
    await history.close();
  }
}

interface Standing extends Between {
  /** Where mail goes behind the proxy; known once the platform has chosen its ports. */
  mailServer?: string;
}

async function putBetween(scenario: Scenario, { adminUrl }: OwnServers): Promise<Standing> {
  const standing: Standing = {
    ...(scenario.postgresProxyFor && { postgresProxy: await PostgresProxy.start(adminUrl) }),
    ...(scenario.mailProxy && { mailProxy: await MailProxy.start(() => standing.mailServer ?? '') }),
  };
  return standing;
}

function environment(scenario: Scenario, between: Standing) {
  return (given: Record<string, string>, service: ServiceName): Record<string, string> => {
    const changed = { ...given, ...scenario.env?.[service] };
    if (service === 'gateway' && scenario.pairsGateways) changed.LOYALTY_ADDR = firstOf(given.LOYALTY_ADDR ?? '');
    const isThrough = scenario.postgresProxyFor === 'every' || scenario.postgresProxyFor === service;
    if (isThrough && between.postgresProxy && given.DATABASE_URL) {
      changed.DATABASE_URL = between.postgresProxy.through(given.DATABASE_URL);
    }
    if (service === 'notifications' && between.mailProxy) {
      between.mailServer = given.SMTP_URL;
      changed.SMTP_URL = between.mailProxy.url;
    }
    return changed;
  };
}

/** Of the addresses of several replicas each gateway is given its own first. */
function firstOf(addresses: string): string {
  return addresses.replace(/^ipv4:/, '').split(',')[0] ?? '';
}

async function setStage(
  scenario: Scenario,
  platform: Platform,
  servers: OwnServers,
  history: History,
  random: Random,
  between: Between,
  say: (line: string) => void,
): Promise<Stage> {
  const guests: Guest[] = await registerGuests(platform, random, scenario.guests ?? 24);
  const stage = new Stage(platform, servers, history, random, guests, between, say);
  const client = await stage.connect();
  try {
    await guestsAreKnown(client, guests);
  } finally {
    await client.end();
  }
  return stage;
}

/** Plays, within its time; a scenario that cannot go on is a violation too. */
async function play(scenario: Scenario, stage: Stage): Promise<Violation[]> {
  const late = AbortSignal.timeout(PLAYS_WITHIN_MS);
  const tooLate = new Promise<never>((_resolve, reject) => {
    late.addEventListener('abort', () => reject(new Error(`not over after ${PLAYS_WITHIN_MS / 1_000} s`)));
  });
  try {
    await Promise.race([scenario.play(stage), tooLate]);
    return stage.violations;
  } catch (error) {
    return [...stage.violations, { rule: 'the scenario plays to its end', what: (error as Error).message }];
  } finally {
    await stage.endLoads();
    // Whatever a scenario that broke off has left down.
    await Promise.all([stage.servers.postgres.start(), stage.servers.kafka.start()]);
  }
}

async function inspect(stage: Stage, say: (line: string) => void): Promise<Violation[]> {
  const { platform, history, guests } = stage;
  say(`${history.attempts.length} requests; waiting for rest`);
  const restless = await comeToRest(stage, RESTS_WITHIN_MS);
  say('counting');
  const client = await stage.connect();
  try {
    const texts = personalTexts(guests);
    const topics = await readTopics(platform.kafka.brokers, `${platform.topicPrefix}regulars.`);
    const logs = await Promise.all(logFiles(platform).map((file) => personalInLog(file, texts)));
    return [
      ...restless,
      ...brokenPromises(history.attempts, await storedLoyalty(client)),
      ...violationsOf(await checkStored(client, '0 seconds')),
      ...brokenStream(await storedEvents(client, POINTS), topics.get(platform.topicPrefix + POINTS) ?? []),
      ...[...topics].flatMap(([topic, records]) => personalInTopic(topic, records, texts)),
      ...logs.flat(),
    ];
  } finally {
    await client.end();
  }
}

function logFiles(platform: Platform): string[] {
  return SERVICES.flatMap((name) => platform.ports[name].map((_, replica) => platform.service(name, replica).logFile));
}
