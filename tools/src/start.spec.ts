import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { LocalKafka } from './kafka.js';
import { LocalPostgres } from './postgres.js';
import { isRunning } from './processes.js';

/** Where servers are named instead, there is nothing to take over. */
const ifOwn = process.env.DATABASE_URL || process.env.KAFKA_BROKERS ? describe.skip : describe;

ifOwn('npm start', () => {
  let dir: string;
  let output = '';
  const started: ChildProcess[] = [];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'regulars-start-'));
  });

  afterEach(async () => {
    for (const child of started.splice(0)) {
      child.kill('SIGTERM');
      await exitCode(child);
    }
  });

  afterAll(async () => {
    await LocalPostgres.remove(join(dir, 'postgres'));
    await rm(dir, { recursive: true, force: true });
  });

  it('leaves no process and no lock when it is interrupted', async () => {
    const child = start();
    await ready(child);
    const pids = await pidsOfStack();
    child.kill('SIGINT');
    expect(await exitCode(child)).toBe(0);
    expect(await Promise.all(pids.map(isRunning))).toEqual(pids.map(() => false));
    expect(existsSync(join(dir, 'stack.lock'))).toBe(false);
    expect(existsSync(join(dir, 'stack.json'))).toBe(false);
  });

  it('takes over the servers and ends the services that a killed start left', async () => {
    const killed = start();
    await ready(killed);
    const { services, servers } = await stackOf();
    killed.kill('SIGKILL');
    await exitCode(killed);
    expect(await Promise.all([...services, ...servers].map(isRunning))).not.toContain(false);

    const next = start();
    await ready(next);
    const after = await stackOf();
    expect(after.servers).toEqual(servers);
    expect(await Promise.all(services.map(isRunning))).not.toContain(true);
    next.kill('SIGINT');
    expect(await exitCode(next)).toBe(0);
    expect(await Promise.all([...after.services, ...servers].map(isRunning))).not.toContain(true);
  });

  it('refuses a second platform in the same checkout while one runs, and keeps the data for the next start', async () => {
    const first = start();
    await ready(first);
    const second = start('--once');
    expect(await exitCode(second)).toBe(1);
    expect(output).toContain('runs already');
    first.kill('SIGTERM');
    expect(await exitCode(first)).toBe(0);
    await succeeds(start('--once'));
  });

  function start(...flags: string[]): ChildProcess {
    output = '';
    const child = fork(join(import.meta.dirname, '..', 'dist', 'start.js'), flags, {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, REGULARS_DIR: dir },
      execArgv: [],
      silent: true,
    });
    started.push(child);
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    return child;
  }

  /** Waits until it says that it is ready; what it printed is the reason when it never does. */
  async function ready(child: ChildProcess): Promise<void> {
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(output)));
    await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => undefined);
  }

  /** What it printed is the reason when it does not. */
  async function succeeds(child: ChildProcess): Promise<void> {
    if ((await exitCode(child)) !== 0) throw new Error(output);
  }

  async function exitCode(child: ChildProcess): Promise<number | null> {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return child.exitCode;
  }

  async function pidsOfStack(): Promise<number[]> {
    const { services, servers } = await stackOf();
    return [...services, ...servers];
  }

  async function stackOf(): Promise<{ services: number[]; servers: number[] }> {
    const stack = JSON.parse(await readFile(join(dir, 'stack.json'), 'utf8')) as {
      services: Record<string, { pid: number }>;
    };
    const postgres = await LocalPostgres.running(join(dir, 'postgres'));
    const kafka = await LocalKafka.running(join(dir, 'kafka'));
    return {
      services: Object.values(stack.services).map(({ pid }) => pid),
      servers: [postgres?.processId ?? 0, kafka?.processId ?? 0],
    };
  }
});
