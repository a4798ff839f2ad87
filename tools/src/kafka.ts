import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { findJava, kafkaJars } from './kafka-jars.js';
import { soleBroker } from './kafka-settings.js';
import { freePort } from './ports.js';
import { commandOf, endProcess, isGone, lastLines, signal, startProgram } from './processes.js';

export interface KafkaOptions {
  /** Holds the log segments, the settings and the log file; made when missing. */
  dir: string;
  /** The port for clients; the next free one when it is taken or left out. */
  port?: number;
}

/**
 * Apache Kafka of our own on the loopback interface: one node as broker and controller (KRaft), 512 MiB of heap.
 * Topics are never made by accident: whoever needs one makes it.
 */
export class LocalKafka {
  private constructor(
    private readonly options: KafkaOptions,
    private readonly java: string,
    private readonly jars: string,
    private pid: number,
    private port: number,
  ) {}

  /** Starts the broker, or takes over the one that a killed process left running on the same data. */
  static async start(options: KafkaOptions): Promise<LocalKafka> {
    await mkdir(options.dir, { recursive: true });
    const java = await findJava();
    const kafka = new LocalKafka(options, java, await kafkaJars(), 0, 0);
    await kafka.start();
    return kafka;
  }

  /** The broker that runs on this data already, whoever started it; undefined when none does. */
  static async running(dir: string): Promise<LocalKafka | undefined> {
    const left = await leftRunning(dir);
    return left && new LocalKafka({ dir }, await findJava(), await kafkaJars(), left.pid, left.port);
  }

  get brokers(): string {
    return `127.0.0.1:${this.port}`;
  }

  get processId(): number {
    return this.pid;
  }

  /** Starts it again after `stop` or `kill`, on the same port and data. */
  async start(): Promise<void> {
    const left = await leftRunning(this.options.dir);
    if (left) {
      [this.pid, this.port] = [left.pid, left.port];
      if (await this.answers(5_000)) return;
      await this.kill();
    }
    this.port = this.port || (await freePort(this.options.port));
    await this.configure();
    this.pid = await this.runJava('kafka.Kafka', [this.settingsFile], this.logFile);
    await writeFile(this.pidFile, JSON.stringify({ pid: this.pid, port: this.port }));
    if (!(await this.answers(90_000))) {
      throw new Error(`Kafka did not start; the end of ${this.logFile}:\n${await lastLines(this.logFile)}`);
    }
  }

  /** Ends it in order: segments are flushed, the next start needs no recovery. */
  async stop(): Promise<void> {
    this.resume();
    await endProcess(this.pid, 'SIGTERM', 20_000);
    await rm(this.pidFile, { force: true });
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    signal(this.pid, 'SIGKILL');
    await isGone(this.pid, 10_000);
    await rm(this.pidFile, { force: true });
  }

  /** Freezes it: connections stay open and nothing answers, as with a broker that swaps or a network that drops. */
  pause(): void {
    signal(this.pid, 'SIGSTOP');
  }

  resume(): void {
    signal(this.pid, 'SIGCONT');
  }

  private get logFile(): string {
    return join(this.options.dir, 'kafka.log');
  }

  private get settingsFile(): string {
    return join(this.options.dir, 'server.properties');
  }

  private get pidFile(): string {
    return pidFileIn(this.options.dir);
  }

  private async configure(): Promise<void> {
    const controllerPort = await freePort();
    const data = join(this.options.dir, 'data');
    await writeFile(this.settingsFile, settings(this.port, controllerPort, data));
    if (existsSync(join(data, 'meta.properties'))) return;
    const formatLog = join(this.options.dir, 'format.log');
    // Behind an equals sign, because an id may begin with a dash.
    const clusterId = randomBytes(16).toString('base64url');
    const format = await this.runJava(
      'kafka.tools.StorageTool',
      ['format', `--cluster-id=${clusterId}`, '-c', this.settingsFile],
      formatLog,
    );
    await isGone(format, 60_000);
    if (!existsSync(join(data, 'meta.properties'))) {
      throw new Error(`Kafka could not format its storage:\n${await lastLines(formatLog)}`);
    }
  }

  private runJava(mainClass: string, args: readonly string[], logFile: string): Promise<number> {
    const options = ['-Xms128m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];
    const logging = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Dorg.slf4j.simpleLogger.showDateTime=true'];
    return startProgram({
      command: this.java,
      args: [...options, ...logging, '-Djava.awt.headless=true', '-cp', join(this.jars, '*'), mainClass, ...args],
      env: process.env,
      logFile,
      cwd: this.options.dir,
    });
  }

  private async answers(withinMs: number): Promise<boolean> {
    const until = performance.now() + withinMs;
    while (performance.now() < until && (await commandOf(this.pid)) !== '') {
      if (await isBrokerReady(this.brokers)) return true;
      await sleep(100);
    }
    return false;
  }
}

function pidFileIn(dir: string): string {
  return join(dir, 'kafka.json');
}

async function leftRunning(dir: string): Promise<{ pid: number; port: number } | undefined> {
  const text = await readFile(pidFileIn(dir), 'utf8').catch(() => undefined);
  if (!text) return undefined;
  const left = JSON.parse(text) as { pid: number; port: number };
  return (await commandOf(left.pid)).includes(join(dir, 'server.properties')) ? left : undefined;
}

/** Whether a broker at the addresses answers and knows itself as a member of its cluster. */
export async function isBrokerReady(brokers: string): Promise<boolean> {
  const retry = { retries: 0 };
  const client = new Kafka({
    brokers: brokers.split(','),
    connectionTimeout: 1_000,
    requestTimeout: 2_000,
    retry,
    logLevel: logLevel.NOTHING,
  });
  const admin = client.admin({ retry });
  try {
    await admin.connect();
    return (await admin.describeCluster()).brokers.length > 0;
  } catch {
    return false;
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

function settings(port: number, controllerPort: number, dataDir: string): string {
  return soleBroker({
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'log.dirs': dataDir,
  });
}
