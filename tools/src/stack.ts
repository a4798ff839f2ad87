import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stackDir } from './folders.js';
import type { Platform } from './platform.js';
import { ProcessRegister } from './process-register.js';
import { CannotStart, commandOf, refuseStarts } from './processes.js';
import { stopServersIn } from './servers.js';
import { SERVICES } from './services.js';

const lockFile = join(stackDir, 'stack.lock');
const stackFile = join(stackDir, 'stack.json');

/** The process that runs the stack of this checkout, if one does. */
export async function stackOwner(): Promise<number | undefined> {
  const pid = Number(readLock());
  if (!pid || pid === process.pid) return undefined;
  return (await commandOf(pid)).includes('tools/dist/start.js') ? pid : undefined;
}

/**
 * Takes the lock of this checkout's stack, also over one whose owner was killed.
 *
 * @throws CannotStart when another stack runs.
 */
export async function takeStackLock(): Promise<void> {
  await mkdir(stackDir, { recursive: true });
  const owner = await stackOwner();
  if (owner) {
    throw new CannotStart(`A platform of this checkout runs already (process ${owner}): end it with \`npm run stop\`.`);
  }
  await rm(lockFile, { force: true });
  try {
    writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
  } catch {
    throw new CannotStart('Another start of this checkout was a moment faster: wait for it, or `npm run stop`.');
  }
}

/** Ends everything that the stack of this checkout runs, whichever process started it, and gives up the lock. */
export async function endStack(): Promise<void> {
  refuseStarts();
  await endLeftOver();
  await rm(stackFile, { force: true });
  if (readLock() === String(process.pid) || !(await stackOwner())) await rm(lockFile, { force: true });
}

/** Ends the services and servers that run in this checkout's folder, whichever process started them. */
export async function endLeftOver(): Promise<void> {
  await new ProcessRegister(join(stackDir, 'processes.json')).endLeftOver();
  await stopServersIn(stackDir);
}

/** Tells other programs where everything is: `.regulars/stack.json`. */
export function announceStack(platform: Platform): void {
  const announced = {
    pid: process.pid,
    startedAt: new Date().toISOString(),
    database: { admin: platform.database.adminUrl, urls: platform.database.urls },
    kafka: platform.kafka,
    topicPrefix: platform.topicPrefix,
    services: Object.fromEntries(SERVICES.map((name) => [name, listening(platform, name)])),
    gateway: platform.gateway,
    oidc: platform.oidc,
    tokens: platform.tokens,
    tillKeys: platform.tillKeys,
    sink: platform.sink,
    programmeId: platform.programmeId,
  };
  writeFileSync(stackFile, `${JSON.stringify(announced, null, 2)}\n`, { mode: 0o600 });
}

function listening(platform: Platform, name: (typeof SERVICES)[number]) {
  const { ops, grpc, http } = platform.ports[name][0] as { ops: number; grpc: number; http: number };
  const { processId: pid } = platform.service(name);
  return name === 'gateway' ? { pid, ops, http } : { pid, ops, grpc };
}

function readLock(): string {
  try {
    return readFileSync(lockFile, 'utf8');
  } catch {
    return '';
  }
}
