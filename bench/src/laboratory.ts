import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Platform,
  printed,
  SERVICES,
  type Servers,
  type ServiceName,
  startPlatform,
  startTestServers,
} from '@regulars/tools';
import { type Buyer, registerBuyers } from './chain.js';
import { LoadGenerator } from './load-generator.js';
import { PART, type Watched } from './process-meter.js';
import { TraceSink } from './trace-sink.js';
import { withClient } from './yardstick.js';

/** Where the benchmark leaves its results; git ignores it. */
export const outDir = join(import.meta.dirname, '..', 'out');

/** Services that `--profile` looks into. */
export const PROFILED: readonly ServiceName[] = ['gateway', 'loyalty', 'notifications', 'surveys', 'members'];

/** A platform of its own on servers of its own, with members and a load generator: what is measured. */
export interface Laboratory {
  platform: Platform;
  servers: Servers;
  buyers: readonly Buyer[];
  generator: LoadGenerator;
  traces: TraceSink;
  /** Seconds from an empty server to seven ready services with a small chain of restaurants. */
  startS: number;
  /** What takes part in the main job, and the two servers where they are ours. */
  watched: readonly Watched[];
  profileDir: string;
  stop(): Promise<void>;
}

export async function setUp(options: { members: number; isProfiled: boolean }): Promise<Laboratory> {
  const profileDir = join(outDir, 'profiles');
  await rm(profileDir, { recursive: true, force: true });
  const servers = await startTestServers(printed);
  const traces = await TraceSink.start();
  const generator = LoadGenerator.start();
  let platform: Platform | undefined;
  const stop = async () => {
    generator.stop();
    await platform?.stop();
    traces.stop();
    await servers.stop();
  };
  try {
    const from = performance.now();
    platform = await startPlatform({
      servers,
      progress: printed,
      env: (given, service) => ({
        ...given,
        OTEL_EXPORTER_OTLP_ENDPOINT: traces.endpoint,
        ...(options.isProfiled && PROFILED.includes(service) && profiling(profileDir, service)),
      }),
    });
    const startS = (performance.now() - from) / 1_000;
    const running = platform;
    const buyers = await printed.stage(`${options.members} members`, () => registerBuyers(running, options.members));
    const watched = watchedOf(platform, servers, generator);
    return { platform, servers, buyers, generator, traces, startS, watched, profileDir, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function profiling(dir: string, service: ServiceName): Record<string, string> {
  return { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${dir} --cpu-prof-name=${service}.cpuprofile` };
}

function watchedOf(platform: Platform, servers: Servers, generator: LoadGenerator): Watched[] {
  const services = SERVICES.map((name) => ({ name, pid: platform.service(name).processId, isTree: false }));
  const { postgres, kafka } = servers;
  return [
    ...services,
    ...(postgres ? [{ name: 'postgres', pid: postgres.processId, isTree: true }] : []),
    ...(kafka ? [{ name: 'kafka', pid: kafka.processId, isTree: false }] : []),
    { name: 'generator', pid: generator.processId, isTree: false },
  ];
}

/** The same, with the processes that run now: some were started again. */
export function watchedAnew(lab: Laboratory): Laboratory {
  return { ...lab, watched: watchedOf(lab.platform, lab.servers, lab.generator) };
}

/** The server's processes by whom they work for, as parts of what is watched as `postgres`. */
export async function backends({ platform, servers }: Laboratory): Promise<Watched[]> {
  if (!servers.postgres) return [];
  return withClient(platform.database.adminUrl, async (client) => {
    const { rows } = await client.query<{ pid: number; name: string }>(
      `SELECT pid, coalesce(nullif(application_name, '') || ' ' || usename, backend_type) AS name
       FROM pg_stat_activity WHERE pid <> pg_backend_pid() ORDER BY name`,
    );
    const database = `${platform.database.database}_`;
    return rows.map(({ pid, name }) => ({ name: `${PART}${name.replace(database, '')}`, pid, isTree: false }));
  });
}

/** What the server promises about durability, as it says itself. */
export async function durability({ platform }: Laboratory): Promise<string> {
  const names = [
    'server_version',
    'fsync',
    'synchronous_commit',
    'full_page_writes',
    'wal_sync_method',
    'shared_buffers',
  ];
  return withClient(platform.database.adminUrl, async (client) => {
    const values = await Promise.all(
      names.map(
        async (name) =>
          `${name} ${String((await client.query<Record<string, string>>(`SHOW ${name}`)).rows[0]?.[name])}`,
      ),
    );
    return values.join(', ');
  });
}
