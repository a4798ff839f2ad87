import { setTimeout as sleep } from 'node:timers/promises';
import { backends, type Laboratory } from './laboratory.js';
import type { LoadResult } from './load.js';
import { type CpuSeconds, cpuBetween, cpuSeconds, residentMb, untilIdle, type Watched } from './process-meter.js';
import type { Window } from './profile.js';
import type { Requests } from './requests.js';
import { withClient } from './yardstick.js';

/** One measured load. */
export interface Measured extends LoadResult {
  /** CPU that each process used for one acknowledged purchase, in microseconds. */
  cpuMicros: Record<string, number> | undefined;
  /** Database transactions of all services together for one acknowledged purchase. */
  transactions: number;
}

/** Memory of each process, watched at a steady load. */
export interface MemorySample {
  atS: number;
  mb: Record<string, number>;
}

/** Puts load on the platform and keeps the books of what it acknowledged. */
export class Measurements {
  /** Purchases that were acknowledged, and those that may have been when a run was cut. */
  acknowledged = 0;
  /** When load was on, for the profile. */
  readonly windows: Window[] = [];
  private runs = 0;

  /** @param name begins each receipt number, so that those of two books never meet */
  constructor(
    private readonly lab: Laboratory,
    private readonly name = 'B',
  ) {}

  /** Lets everything come to rest and the server write its pages out, so that no phase pays for the one before. */
  async rest(): Promise<void> {
    const services = this.lab.watched.filter(({ name }) => name !== 'generator');
    if (!(await untilIdle(services, 60)))
      console.log('  (the platform was still busy after 60 s: events or messages are behind)');
    await withClient(this.lab.platform.database.adminUrl, (client) => client.query('CHECKPOINT'));
  }

  /** Purchases through gateway and loyalty. */
  async purchases(load: {
    connections: number;
    warmUpS: number;
    seconds: number;
    perSecond?: number;
    /** YYYY-MM-DD; yesterday when it is not told. */
    businessDate?: string;
  }): Promise<Measured> {
    const { platform, buyers } = this.lab;
    const requests: Requests = {
      kind: 'purchases',
      tills: platform.tillKeys ?? [],
      members: buyers.map(({ number }) => number),
      businessDate: load.businessDate ?? new Date(Date.now() - 86_400_000).toISOString().slice(0, 10),
      run: `${this.name}${++this.runs}`,
    };
    const before = await this.transactions();
    const cpu = new CpuDuring([...this.lab.watched, ...(await backends(this.lab))], load.warmUpS, load.seconds);
    const from = process.hrtime.bigint();
    const result = await this.lab.generator.run({ url: platform.gateway.url, ...load, requests });
    this.windows.push({ from, to: process.hrtime.bigint() });
    this.acknowledged += result.acknowledged;
    const transactions = ((await this.transactions()) - before) / Math.max(1, result.acknowledged);
    return { ...result, cpuMicros: cpu.perPurchase(result.perSecond * load.seconds), transactions };
  }

  /** CPU that each process uses while nothing is asked of it, as a share of a core. */
  async idle(seconds: number): Promise<Record<string, number> | undefined> {
    const from = await cpuSeconds(this.lab.watched);
    await sleep(seconds * 1_000);
    const used = cpuBetween(from, await cpuSeconds(this.lab.watched));
    return used && Object.fromEntries(Object.entries(used).map(([name, cpu]) => [name, cpu / seconds]));
  }

  /** The same, with the memory of each process noted every few seconds. */
  async watched(
    load: Parameters<Measurements['purchases']>[0],
    everyS: number,
  ): Promise<{ measured: Measured; memory: MemorySample[] }> {
    const memory: MemorySample[] = [];
    const from = performance.now();
    const note = async () => {
      const platform = this.lab.watched.filter(({ name }) => name !== 'generator');
      memory.push({ atS: (performance.now() - from) / 1_000, mb: await residentMb(platform) });
    };
    const timer = setInterval(() => void note(), everyS * 1_000);
    try {
      return { measured: await this.purchases(load), memory };
    } finally {
      clearInterval(timer);
    }
  }

  /** Transactions that the platform's database has ended so far; sessions tell theirs within a second. */
  private transactions(): Promise<number> {
    const { adminUrl, database } = this.lab.platform.database;
    return withClient(adminUrl, async (client) => {
      const { rows } = await client.query<{ ended: string }>(
        'SELECT xact_commit + xact_rollback AS ended FROM pg_stat_database WHERE datname = $1',
        [database],
      );
      return Number(rows[0]?.ended);
    });
  }
}

/** Reads the processes' CPU when the measured seconds begin and end. */
class CpuDuring {
  private from: CpuSeconds | undefined;
  private to: CpuSeconds | undefined;

  constructor(watched: readonly Watched[], warmUpS: number, seconds: number) {
    setTimeout(() => void cpuSeconds(watched).then((cpu) => (this.from = cpu)), warmUpS * 1_000);
    setTimeout(() => void cpuSeconds(watched).then((cpu) => (this.to = cpu)), (warmUpS + seconds) * 1_000);
  }

  /** In microseconds. */
  perPurchase(purchases: number): Record<string, number> | undefined {
    const used = cpuBetween(this.from, this.to);
    if (!used || purchases === 0) return undefined;
    return Object.fromEntries(Object.entries(used).map(([name, seconds]) => [name, (seconds * 1e6) / purchases]));
  }
}
