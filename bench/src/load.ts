import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { WireConnection } from '@regulars/testing';
import { ACKNOWLEDGED, type NextRequest, type Requests, requestsOf } from './requests.js';

export interface LoadJob {
  /** Origin of the HTTP server. */
  url: string;
  connections: number;
  /** Load that is not measured comes first. */
  warmUpS: number;
  seconds: number;
  /** Requests begin at this pace whatever the answers do; left out, each connection asks again once it is answered. */
  perSecond?: number;
  requests: Requests;
}

export interface LoadResult {
  /** Answers 2xx that came within the measured seconds, per second. */
  perSecond: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  maxMs: number;
  /** From the first request to the last answer, warm-up included: what the database must hold afterwards. */
  acknowledged: number;
  /** Answers by status, warm-up included; those 2xx that do not say what was asked for count as `other`. */
  statuses: Record<string, number>;
  /** CPU that the generator used itself for one answer. */
  generatorMicros: number;
  /** Wall clock of the measured seconds, for those who look into the database afterwards. */
  from: Date;
  to: Date;
}

/**
 * Puts load on a server and measures the answers.
 *
 * Paced, the time of an answer counts from the moment at which its request was due, not from when a connection was free:
 * a server that stalls is charged for everybody who would have waited (no coordinated omission).
 */
export async function putLoad(job: LoadJob): Promise<LoadResult> {
  const url = new URL(job.url);
  const failures: Error[] = [];
  const connections = await Promise.all(
    Array.from({ length: job.connections }, () => WireConnection.open(url, (error) => failures.push(error))),
  );
  const meter = new Meter(requestsOf(job.requests, url.host), job.requests.kind === 'purchases');
  const load =
    job.perSecond === undefined ? new ClosedLoad(connections, meter) : new PacedLoad(connections, meter, job.perSecond);
  const broken = () => failures.length > 0;
  load.start();
  await sleep(job.warmUpS * 1_000);
  meter.open();
  await sleep(job.seconds * 1_000);
  meter.close();
  load.stop();
  const deadline = performance.now() + 15_000;
  while (meter.underWay > 0 && !broken() && performance.now() < deadline) await sleep(5);
  for (const connection of connections) connection.close();
  if (failures[0]) throw failures[0];
  if (meter.underWay > 0) throw new Error(`${meter.underWay} requests had no answer after 15 s`);
  return meter.result();
}

/** Asks again on each connection as soon as it is answered. */
class ClosedLoad {
  private isStopped = false;

  constructor(
    private readonly connections: readonly WireConnection[],
    private readonly meter: Meter,
  ) {}

  start(): void {
    for (const connection of this.connections) this.ask(connection);
  }

  stop(): void {
    this.isStopped = true;
  }

  private ask(connection: WireConnection): void {
    if (this.isStopped) return;
    this.meter.send(connection, performance.now(), () => this.ask(connection));
  }
}

/** Asks at an even pace; requests that are due wait where no connection is free, and their time counts. */
class PacedLoad {
  private readonly free: WireConnection[];
  private readonly due: number[] = [];
  private readonly intervalMs: number;
  private nextAt = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    connections: readonly WireConnection[],
    private readonly meter: Meter,
    perSecond: number,
  ) {
    this.free = [...connections];
    this.intervalMs = 1_000 / perSecond;
  }

  start(): void {
    this.nextAt = performance.now();
    this.timer = setInterval(() => this.tick(), 1);
  }

  stop(): void {
    clearInterval(this.timer);
    this.due.length = 0;
  }

  private tick(): void {
    const now = performance.now();
    for (; this.nextAt <= now; this.nextAt += this.intervalMs) this.due.push(this.nextAt);
    this.askDue();
  }

  private askDue(): void {
    while (this.free.length > 0 && this.due.length > 0) {
      const connection = this.free.pop() as WireConnection;
      this.meter.send(connection, this.due.shift() as number, () => {
        this.free.push(connection);
        this.askDue();
      });
    }
  }
}

class Meter {
  underWay = 0;
  private readonly histogram: RecordableHistogram = createHistogram({ figures: 3 });
  private readonly statuses: Record<string, number> = {};
  private acknowledged = 0;
  private inWindow = 0;
  private isOpen = false;
  private from = { ms: 0, cpu: process.cpuUsage(), at: new Date() };
  private to = { ms: 0, cpuMicros: 0, at: new Date() };

  constructor(
    private readonly nextRequest: NextRequest,
    private readonly isPurchase: boolean,
  ) {}

  open(): void {
    this.isOpen = true;
    this.from = { ms: performance.now(), cpu: process.cpuUsage(), at: new Date() };
  }

  close(): void {
    this.isOpen = false;
    const { user, system } = process.cpuUsage(this.from.cpu);
    this.to = { ms: performance.now(), cpuMicros: user + system, at: new Date() };
  }

  send(connection: WireConnection, since: number, then: () => void): void {
    this.underWay++;
    connection.send(this.nextRequest(), (status, body) => {
      this.underWay--;
      this.count(status, body, since);
      then();
    });
  }

  result(): LoadResult {
    const { histogram, from, to } = this;
    const ms = (percentile: number) => histogram.percentile(percentile) / 1_000;
    return {
      perSecond: (this.inWindow * 1_000) / (to.ms - from.ms),
      p50Ms: ms(50),
      p95Ms: ms(95),
      p99Ms: ms(99),
      maxMs: histogram.count > 0 ? histogram.max / 1_000 : 0,
      acknowledged: this.acknowledged,
      statuses: this.statuses,
      generatorMicros: to.cpuMicros / Math.max(1, this.inWindow),
      from: from.at,
      to: to.at,
    };
  }

  private count(status: number, body: Buffer, since: number): void {
    const isDone = status >= 200 && status < 300 && (!this.isPurchase || body.includes(ACKNOWLEDGED));
    const name = isDone || status >= 300 ? String(status) : 'other';
    this.statuses[name] = (this.statuses[name] ?? 0) + 1;
    if (!isDone) return;
    this.acknowledged++;
    if (!this.isOpen) return;
    this.inWindow++;
    this.histogram.record(Math.max(1, Math.round((performance.now() - since) * 1_000)));
  }
}
