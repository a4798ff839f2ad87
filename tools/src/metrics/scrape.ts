import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Platform } from '../platform.js';
import { freePort } from '../ports.js';
import { endProcess, lastLines, startProgram } from '../processes.js';
import { SERVICES } from '../services.js';
import { alertsFile } from './observed.js';

interface Answer {
  readonly data: unknown;
  readonly error?: string;
}

/** A real Prometheus that scrapes a platform each second and evaluates the alerts of the chart. */
export class Scrape {
  private constructor(
    private readonly url: string,
    private readonly pid: number,
    private readonly dir: string,
  ) {}

  /** @param program the path of `prometheus` */
  static async start(program: string, platform: Pick<Platform, 'ports'>): Promise<Scrape> {
    const dir = await mkdtemp(join(tmpdir(), 'regulars-prometheus-'));
    const configFile = join(dir, 'prometheus.yml');
    await mkdir(join(dir, 'data'));
    await writeFile(configFile, stringify(configuration(platform)));
    const listen = `127.0.0.1:${await freePort()}`;
    const args = [`--config.file=${configFile}`, `--storage.tsdb.path=${dir}/data`, `--web.listen-address=${listen}`];
    const pid = await startProgram({ command: program, args, env: process.env, logFile: join(dir, 'log'), cwd: dir });
    return new Scrape(`http://${listen}`, pid, dir);
  }

  /** What the HTTP API answers; undefined while it does not answer. @throws for a query that it refuses */
  async ask<T>(path: string, query: Readonly<Record<string, string>> = {}): Promise<T | undefined> {
    const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(query).toString()}`, {
      signal: AbortSignal.timeout(5_000),
    }).catch(() => undefined);
    if (!response) return undefined;
    const { data, error } = (await response.json()) as Answer;
    if (error) throw new Error(`${query.query ?? path}: ${error}`);
    return data as T;
  }

  log(): Promise<string> {
    return lastLines(join(this.dir, 'log'));
  }

  async stop(): Promise<void> {
    await endProcess(this.pid, 'SIGTERM', 10_000);
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** Labels as the charts' ServiceMonitors give them. */
function configuration({ ports }: Pick<Platform, 'ports'>): object {
  const targets = SERVICES.flatMap((service) =>
    ports[service].map(({ ops }, replica) => ({
      targets: [`127.0.0.1:${ops}`],
      labels: { service, pod: `${service}-${replica}` },
    })),
  );
  return {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [alertsFile],
    scrape_configs: [{ job_name: 'regulars', static_configs: targets }],
  };
}
