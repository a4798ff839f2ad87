import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { stackDir } from './folders.js';
import { isBrokerReady, LocalKafka } from './kafka.js';
import { LocalPostgres } from './postgres.js';
import { CannotStart, isRunning } from './processes.js';
import { type Progress, silent } from './progress.js';

export interface ServersOptions {
  /** Where servers of our own keep their data. */
  dir: string;
  postgresPort?: number;
  kafkaPort?: number;
  maxConnections?: number;
  progress?: Progress;
}

/** A PostgreSQL and a Kafka: those that `DATABASE_URL` and `KAFKA_BROKERS` name, else our own. */
export interface Servers {
  /** URL of a database with the right to make roles and databases. */
  adminUrl: string;
  /** `host:port`, several joined by commas. */
  brokers: string;
  /** Ours to stop and to kill; undefined when `DATABASE_URL` named it. */
  postgres: LocalPostgres | undefined;
  /** Ours to stop, kill and pause; undefined when `KAFKA_BROKERS` named it. */
  kafka: LocalKafka | undefined;
  stop(): Promise<void>;
}

/** Starts what the environment does not name. Both at once, because Kafka takes seconds to come up. */
export async function startServers(options: ServersOptions): Promise<Servers> {
  const progress = options.progress ?? silent;
  const [postgres, kafka] = await Promise.allSettled([
    progress.stage('PostgreSQL', () => ownPostgres(options)),
    progress.stage('Kafka', () => ownKafka(options)),
  ]);
  const stop = async () => {
    await Promise.all([postgres, kafka].map(async (server) => server.status === 'fulfilled' && server.value?.stop()));
  };
  if (postgres.status === 'rejected' || kafka.status === 'rejected') {
    await stop();
    throw [postgres, kafka].find((server) => server.status === 'rejected')?.reason;
  }
  return {
    adminUrl: postgres.value?.adminUrl ?? (process.env.DATABASE_URL as string),
    brokers: kafka.value?.brokers ?? (process.env.KAFKA_BROKERS as string),
    postgres: postgres.value,
    kafka: kafka.value,
    stop,
  };
}

async function ownPostgres(options: ServersOptions): Promise<LocalPostgres | undefined> {
  const { dir, postgresPort: port, maxConnections } = options;
  if (!process.env.DATABASE_URL) return LocalPostgres.start({ dir: join(dir, 'postgres'), port, maxConnections });
  const client = new pg.Client({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    await client.end();
  } catch (error) {
    throw new CannotStart(
      `DATABASE_URL names no PostgreSQL that answers (${String(error)}): start it, or unset DATABASE_URL.`,
    );
  }
  return undefined;
}

async function ownKafka(options: ServersOptions): Promise<LocalKafka | undefined> {
  const { dir, kafkaPort: port } = options;
  const brokers = process.env.KAFKA_BROKERS;
  if (!brokers) return LocalKafka.start({ dir: join(dir, 'kafka'), port });
  if (!(await isBrokerReady(brokers))) {
    throw new CannotStart(
      `KAFKA_BROKERS names ${brokers} and no Kafka answers there: start it, or unset KAFKA_BROKERS.`,
    );
  }
  return undefined;
}

/** Ends the servers that run on the data in `dir`, whoever started them. */
export async function stopServersIn(dir: string): Promise<void> {
  const running = await Promise.all([
    LocalPostgres.running(join(dir, 'postgres')),
    LocalPostgres.running(join(dir, 'postgres-standby')),
    LocalKafka.running(join(dir, 'kafka')),
  ]);
  await Promise.all(running.map(async (server) => server?.stop()));
}

/** Removes the data of servers in `dir`; nothing may run on them. */
export async function removeServersIn(dir: string): Promise<void> {
  await LocalPostgres.remove(join(dir, 'postgres'));
  await LocalPostgres.remove(join(dir, 'postgres-standby'));
  await rm(join(dir, 'kafka'), { recursive: true, force: true });
}

/**
 * Servers with data of their own that nobody else uses; `stop` removes the data. Those that a killed run left are ended
 * first.
 */
export async function startTestServers(progress?: Progress): Promise<Servers> {
  await removeLeftTestServers();
  const dir = join(stackDir, `test-${process.pid}`);
  await mkdir(dir, { recursive: true });
  const servers = await startServers({ dir, progress });
  return { ...servers, stop: () => stopAndRemove(dir) };
}

async function removeLeftTestServers(): Promise<void> {
  for (const name of await readdir(stackDir).catch(() => [])) {
    const owner = Number(/^test-(\d+)$/.exec(name)?.[1]);
    if (owner && !(await isRunning(owner))) await stopAndRemove(join(stackDir, name));
  }
}

async function stopAndRemove(dir: string): Promise<void> {
  await stopServersIn(dir);
  await removeServersIn(dir);
  await rm(dir, { recursive: true, force: true });
}
