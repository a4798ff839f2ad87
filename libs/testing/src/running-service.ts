import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OWNERS, type OwnerName, type ServiceName } from '@regulars/tools';
import { type TestDatabase, testDatabase } from './database.js';
import { eventually } from './eventually.js';
import { principalKeys, privateKeyOf } from './principals.js';
import { type TestTopics, testTopics } from './topics.js';

/** A service that runs as a process of its own. */
export interface RunningService {
  /** host:port of its gRPC server; of the gateway, its HTTP server. */
  readonly grpcAddress: string;
  /** Where livez, readyz and metrics are. */
  readonly opsUrl: string;
  readonly databaseUrl: string;
  readonly topicPrefix: string;
  /** Lines it has written so far. */
  logs(): readonly string[];
  /** Runs the same program with arguments and the same environment, as `kubectl exec` does. */
  run(...args: string[]): Promise<ProgramEnd>;
  /** Asks it to end, waits, and removes what was made for it alone. */
  stop(): Promise<void>;
  /** Ends it as a crash would; database and topics stay until `stop`. */
  kill(): Promise<void>;
}

/** How a program ended. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly output: string;
}

const flags = ['--enable-source-maps'];
const servicesFolder = join(dirname(fileURLToPath(import.meta.url)), '../../../services');
const STOP_WITHIN_MS = 15_000;

/**
 * Starts a built service (`services/<name>/dist/src/main.js`) on free ports of the loopback interface and waits until it
 * is ready. It gets a database and a topic prefix of its own unless `env` has `DATABASE_URL` and `TOPIC_PREFIX`;
 * whatever `env` names goes before everything else.
 *
 * @throws with its log when it does not become ready
 */
export async function startService(
  name: ServiceName,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningService> {
  const needsDatabase = (OWNERS as readonly string[]).includes(name) && !env.DATABASE_URL;
  const database = needsDatabase ? await testDatabase(name as OwnerName) : undefined;
  const topics = env.TOPIC_PREFIX === undefined ? testTopics() : undefined;
  const [port, opsPort] = await Promise.all([freePort(), freePort()]);
  const complete = { ...environmentOf(name, port, opsPort, database, topics), ...env };
  const running = new ServiceUnderTest(name, complete, async () => {
    await database?.drop();
    await topics?.drop();
  });
  try {
    await running.ready();
  } catch (error) {
    await running.stop();
    throw new Error(`${name} did not become ready: ${(error as Error).message}\n${running.logs().join('\n')}`);
  }
  return running;
}

class ServiceUnderTest implements RunningService {
  readonly grpcAddress: string;
  readonly opsUrl: string;
  readonly databaseUrl: string;
  readonly topicPrefix: string;
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  #output = '';

  constructor(
    private readonly name: string,
    private readonly env: Readonly<Record<string, string>>,
    private readonly clear: () => Promise<void>,
  ) {
    this.grpcAddress = `127.0.0.1:${env.GRPC_PORT ?? env.HTTP_PORT}`;
    this.opsUrl = `http://127.0.0.1:${env.OPS_PORT}`;
    this.databaseUrl = env.DATABASE_URL ?? '';
    this.topicPrefix = env.TOPIC_PREFIX ?? '';
    this.#process = spawn(process.execPath, [...flags, mainOf(name)], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#ended = new Promise((resolve) => this.#process.once('close', () => resolve()));
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
  }

  async ready(): Promise<void> {
    await eventually(async () => {
      if (this.#process.exitCode !== null) return;
      const response = await fetch(`${this.opsUrl}/readyz`, { signal: AbortSignal.timeout(2_000) });
      if (!response.ok) throw new Error(`readyz answers ${response.status}`);
    });
    if (this.#process.exitCode !== null) throw new Error(`it ended with ${this.#process.exitCode}`);
  }

  logs(): readonly string[] {
    return this.#output.split('\n').filter((line) => line !== '');
  }

  run(...args: string[]): Promise<ProgramEnd> {
    return runService(this.name, args, this.env);
  }

  async stop(): Promise<void> {
    const late = setTimeout(() => this.#process.kill('SIGKILL'), STOP_WITHIN_MS);
    this.#process.kill('SIGTERM');
    await this.#ended;
    clearTimeout(late);
    await this.clear();
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }
}

/** Runs a built service with arguments until it ends by itself. */
export async function runService(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ProgramEnd> {
  const child = spawn(process.execPath, [...flags, mainOf(name), ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

function mainOf(name: string): string {
  return join(servicesFolder, name, 'dist/src/main.js');
}

/** Complete, so that nothing of the caller's own environment matters. */
function environmentOf(
  name: ServiceName,
  port: number,
  opsPort: number,
  database: TestDatabase | undefined,
  topics: TestTopics | undefined,
): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    TZ: 'UTC',
    NODE_ENV: 'production',
    LOG_LEVEL: 'info',
    HOST: '127.0.0.1',
    [name === 'gateway' ? 'HTTP_PORT' : 'GRPC_PORT']: String(port),
    OPS_PORT: String(opsPort),
    KAFKA_BROKERS: process.env.REGULARS_TEST_KAFKA_BROKERS ?? '',
    PRINCIPAL_KEYS: principalKeys,
    PRINCIPAL_PRIVATE_KEY: privateKeyOf(name),
    ...(topics && { TOPIC_PREFIX: topics.prefix }),
    ...(database && { DATABASE_URL: database.url, MIGRATE_ON_START: 'true' }),
    ...(name === 'members' && { KEY_ENCRYPTION_KEY: randomKey(), BLIND_INDEX_KEY: randomKey() }),
    ...(name === 'notifications' && { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'Test <test@regulars.example>' }),
  };
}

function randomKey(): string {
  return randomBytes(32).toString('base64');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No free port');
  return address.port;
}
