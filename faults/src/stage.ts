import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalKafka, LocalPostgres, Platform } from '@regulars/tools';
import pg from 'pg';
import type { Guest } from './guests.js';
import type { History } from './history.js';
import { Load, type LoadOptions } from './load.js';
import type { MailProxy } from './mail-proxy.js';
import type { PostgresProxy } from './postgres-proxy.js';
import { Counter, type Posting } from './purchases.js';
import type { Random } from './random.js';
import type { Violation } from './violation.js';

/** The servers that scenarios may kill. */
export interface OwnServers {
  readonly adminUrl: string;
  readonly brokers: string;
  readonly postgres: LocalPostgres;
  readonly kafka: LocalKafka;
}

/** What stands between the platform and its servers, as the scenario asked. */
export interface Between {
  readonly postgresProxy?: PostgresProxy;
  readonly mailProxy?: MailProxy;
}

/** What a scenario plays on: a platform of its own, servers to break, tills to load it with, and a pen. */
export class Stage {
  readonly violations: Violation[] = [];
  readonly measurements: object[] = [];
  readonly counter: Counter;
  /** The server that has what was acknowledged: another than the platform began with, after a failover. */
  serving: LocalPostgres;
  readonly #loads: Load[] = [];
  readonly #atTheEnd: (() => Promise<void>)[] = [];

  constructor(
    readonly platform: Platform,
    readonly servers: OwnServers,
    readonly history: History,
    readonly random: Random,
    readonly guests: readonly Guest[],
    private readonly between: Between,
    readonly say: (line: string) => void,
  ) {
    this.serving = servers.postgres;
    this.counter = new Counter(random, platform.tillKeys ?? [], this.businessDate(0), `F${random.seed}-`);
  }

  /** @throws when the scenario did not ask for one. */
  get postgresProxy(): PostgresProxy {
    if (!this.between.postgresProxy) throw new Error('The scenario has no proxy before PostgreSQL');
    return this.between.postgresProxy;
  }

  /** @throws when the scenario did not ask for one. */
  get mailProxy(): MailProxy {
    if (!this.between.mailProxy) throw new Error('The scenario has no proxy before the mail server');
    return this.between.mailProxy;
  }

  /** A business date some days ago, safely past the day cut-over of every store. */
  businessDate(daysAgo: number): string {
    const local = new Date(Date.now() + (8 - 4) * 3_600_000 - daysAgo * 86_400_000);
    return local.toISOString().slice(0, 10);
  }

  /** The next guest's purchase: mostly a member's, some anonymous, some of a member that nobody has heard of. */
  nextPurchase(): Posting {
    const die = this.random.fraction();
    if (die < 0.06) return this.counter.purchase(undefined);
    if (die < 0.1) return this.counter.purchase(this.random.uuid());
    return this.counter.purchase(this.random.pick(this.guests).memberId);
  }

  /** Tills at work; unless told otherwise 24 of them that give up now and then and ask again now and then. */
  load(options: Partial<LoadOptions> = {}): Load {
    const load = Load.start({
      urls: this.platform.gatewayUrls,
      history: this.history,
      random: this.random,
      next: () => this.nextPurchase(),
      counter: this.counter,
      tills: 24,
      most: 20_000,
      givesUp: 0.1,
      asksAgain: 0.08,
      refunds: 0.05,
      ...options,
    });
    this.#loads.push(load);
    return load;
  }

  /** Purchases a second that the platform takes from tills which wait for their answers. */
  async capacityPerSecond(): Promise<number> {
    const load = this.load({ tills: 64, givesUp: 0, asksAgain: 0 });
    await load.goesOnFor(1_000);
    const [before, from] = [load.acknowledged, performance.now()];
    await sleep(4_000);
    const perSecond = ((load.acknowledged - before) * 1_000) / (performance.now() - from);
    await load.stop();
    return perSecond;
  }

  /** Ends what a scenario that broke off has left at work. */
  async endLoads(): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.stop(0)));
  }

  /** What the scenario has built and the inspection still needs: taken down after it. */
  atTheEnd(clear: () => Promise<void>): void {
    this.#atTheEnd.push(clear);
  }

  async clear(): Promise<void> {
    for (const each of this.#atTheEnd) await each();
  }

  /** To be called at the moment of the fault; what is in flight then is what makes the scenario count. */
  strike(what: string): void {
    this.history.strike(what);
    this.say(`${what}, ${this.history.inFlight} requests in flight`);
  }

  /** Notes a violation of the scenario's own expectation. */
  expect(holds: boolean, rule: string, what: string): void {
    if (!holds) this.violations.push({ rule, what });
  }

  /** Puts figures into the report. */
  measured(figures: object): void {
    this.measurements.push(figures);
  }

  /** Runs SQL as the administrator, straight at the server, on a connection of its own. */
  async query<Row extends pg.QueryResultRow>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    const client = await this.connect();
    try {
      return (await client.query<Row>(sql, parameters)).rows;
    } finally {
      await client.end();
    }
  }

  /** A connection as the administrator to the platform's database. */
  async connect(): Promise<pg.Client> {
    const url = new URL(this.serving.adminUrl);
    url.pathname = `/${this.platform.database.database}`;
    const client = new pg.Client({ connectionString: url.toString(), application_name: 'faults' });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** A value of a process's metrics; undefined while it does not answer. Labels are summed up. */
  async metric(
    name: string,
    service: 'loyalty' | 'notifications' = 'loyalty',
    replica = 0,
  ): Promise<number | undefined> {
    const ops = this.platform.ports[service][replica]?.ops;
    const response = await fetch(`http://127.0.0.1:${ops}/metrics`, { signal: AbortSignal.timeout(2_000) }).catch(
      () => undefined,
    );
    if (!response?.ok) return undefined;
    const values = (await response.text())
      .split('\n')
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
    return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
  }

  /** Waits until the check answers something. @throws when it does not within `withinMs`. */
  async until<T>(
    what: string,
    check: () => Promise<T | undefined | false> | T | undefined | false,
    withinMs = 60_000,
  ): Promise<T> {
    const end = performance.now() + withinMs;
    for (;;) {
      const found = await check();
      if (found !== undefined && found !== false) return found;
      if (performance.now() > end) throw new Error(`${what} did not happen within ${withinMs / 1_000} s`);
      await sleep(25);
    }
  }
}
