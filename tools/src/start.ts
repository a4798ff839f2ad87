import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pc from 'picocolors';
import { DETACHED, startDetached } from './detach.js';
import { type Flags, flagsIn } from './flags.js';
import { stackDir } from './folders.js';
import { type Platform, removeTopics, startPlatform } from './platform.js';
import { CannotStart, lastLines } from './processes.js';
import { printed } from './progress.js';
import { unprovision } from './provisioning.js';
import { removeServersIn, startServers } from './servers.js';
import { SERVICES } from './services.js';
import { announceStack, endLeftOver, endStack, takeStackLock } from './stack.js';
import { StepFailed, tellStory } from './story.js';
import { whereThingsAre } from './where.js';

/** Exit code of a program that was interrupted before it had done its work. */
const INTERRUPTED = 130;
const RENEW_TOKENS_MS = 6 * 60 * 60 * 1_000;

// A terminal that has gone is no reason to fail while things are put away.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const flags = readFlags();
if (flags.detach) {
  process.exit(await startDetached(process.argv.slice(2).filter((flag) => flag !== '--detach')));
}
let ending: Promise<never> | undefined;
let isReady = false;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(name, () => void end(isReady ? 0 : INTERRUPTED));
// The launcher was killed. (A detached start has let go of the process that started it.)
if (!process.env[DETACHED]) process.on('disconnect', () => void end(1));
try {
  await takeStackLock();
} catch (error) {
  tell(error);
  process.exit(1);
}
try {
  const platform = await start();
  await tellStory(platform);
  if (flags.once) await end(0);
  isReady = true;
  process.stdout.write(whereThingsAre(platform));
  process.send?.('ready');
  await watch(platform);
} catch (error) {
  if (!isEnding()) tell(error);
  await end(1);
}

async function start(): Promise<Platform> {
  if (flags.fresh) await beginAnew();
  const from = performance.now();
  const { ports } = flags;
  const servers = startServers({
    dir: stackDir,
    postgresPort: ports.postgres,
    kafkaPort: ports.kafka,
    progress: printed,
  });
  const platform = await startPlatform({ servers, dir: stackDir, ports, progress: printed });
  announceStack(platform);
  console.log(pc.bold(`Ready after ${((performance.now() - from) / 1_000).toFixed(1)} s`));
  return platform;
}

function readFlags(): Flags {
  try {
    return flagsIn(process.argv.slice(2));
  } catch (error) {
    tell(error);
    process.exit(2);
  }
}

/** Removes what earlier starts have stored, on servers of our own and on named ones. */
async function beginAnew(): Promise<void> {
  await printed.stage('removing the data of earlier starts', async () => {
    await endLeftOver();
    await removeServersIn(stackDir);
    if (process.env.DATABASE_URL) await unprovision(process.env.DATABASE_URL, 'regulars');
    if (process.env.KAFKA_BROKERS) await removeTopics(process.env.KAFKA_BROKERS, '');
    for (const name of ['secrets', 'logs']) await rm(join(stackDir, name), { recursive: true, force: true });
  });
}

/** Stays until it is ended; tells when a service has died and renews the announced tokens before they expire. */
async function watch(platform: Platform): Promise<void> {
  const told = new Set<number>();
  let renewAt = performance.now() + RENEW_TOKENS_MS;
  for (;;) {
    await sleep(2_000);
    for (const name of SERVICES) {
      const service = platform.service(name);
      if (told.has(service.processId) || (await service.isRunning()) || isEnding()) continue;
      told.add(service.processId);
      console.error(`${name} has ended by itself; the end of ${service.logFile}:\n${await lastLines(service.logFile)}`);
    }
    if (performance.now() > renewAt) {
      renewAt = performance.now() + RENEW_TOKENS_MS;
      announceStack({ ...platform, tokens: await platform.freshTokens() });
    }
  }
}

function isEnding(): boolean {
  return ending !== undefined;
}

/** Ends everything once, whoever asks first; the process exits with that one's code. */
function end(code: number): Promise<never> {
  if (!ending) console.log(pc.dim('Ending …'));
  ending ??= endStack().then(
    () => process.exit(code),
    (error: unknown) => {
      tell(error);
      process.exit(1);
    },
  );
  return ending;
}

function tell(error: unknown): void {
  console.error(error instanceof CannotStart || error instanceof StepFailed ? error.message : error);
}
