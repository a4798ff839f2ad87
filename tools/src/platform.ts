import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { environmentOf, type Ports, type Surroundings } from './environment.js';
import { compileCacheDir, stackDir, workspaceDir } from './folders.js';
import { FRIENDLY_PORTS, freePort } from './ports.js';
import { ProcessRegister } from './process-register.js';
import { isRunning } from './processes.js';
import { type Progress, silent } from './progress.js';
import { type Provisioned, provision, unprovision } from './provisioning.js';
import type { Role } from './roles.js';
import { type Secrets, secretsIn } from './secrets.js';
import { type Seeded, seedChain } from './seed.js';
import type { Servers } from './servers.js';
import { ServiceProcess, type ServiceProgram } from './service-process.js';
import { SERVICES, type ServiceName } from './services.js';
import { tokensFrom } from './tokens.js';

export interface PlatformOptions {
  /** May still be on their way up: what does not need them starts meanwhile. */
  servers: Pick<Servers, 'adminUrl' | 'brokers'> | Promise<Pick<Servers, 'adminUrl' | 'brokers'>>;
  /**
   * Where a platform that lasts keeps its secrets and logs, in database `regulars` and topics without a prefix. Left
   * out, the platform is for once: a database, topics, ports and a folder of its own, all gone after `stop`.
   */
  dir?: string;
  /** Wished ports; the next free one where one is taken. A platform for once takes free ports only. */
  ports?: Partial<Record<'gateway' | 'oidc' | 'sink' | 'smtp', number>>;
  /** How many processes of a service; 1 unless told. */
  replicas?: Partial<Record<ServiceName, number>>;
  /** Changes the environment of a process before it starts: another address of the database, more lanes. */
  env?: (given: Record<string, string>, service: ServiceName, replica: number) => Record<string, string>;
  /** Whether to make the small chain with its till keys; true unless told. */
  seed?: boolean;
  progress?: Progress;
}

/** A running platform: the seven services with their OIDC server and message sink. */
export interface Platform extends Partial<Seeded> {
  gateway: { url: string; docs: string };
  /** The gateway's further processes come behind the first. */
  gatewayUrls: readonly string[];
  oidc: { issuer: string };
  sink: { smtp: string; url: string };
  /** An access token for each role, good for twelve hours. */
  tokens: Record<Role, string>;
  freshTokens(): Promise<Record<Role, string>>;
  database: Provisioned;
  kafka: { brokers: string };
  topicPrefix: string;
  ports: Record<ServiceName, readonly Ports[]>;
  /** One process of a service: to kill, pause, stop and start again. @throws for a replica that there is not. */
  service(name: ServiceName, replica?: number): ServiceProcess;
  /** Stops everything that `startPlatform` started; the servers stay. */
  stop(): Promise<void>;
}

/**
 * Starts the platform as separate processes and waits until each is ready.
 *
 * @throws with the end of the log of the process that failed; nothing is left running then.
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const progress = options.progress ?? silent;
  const own = await settle(options);
  const register = new ProcessRegister(join(own.dir, 'processes.json'));
  await register.endLeftOver();
  const started: ServiceProcess[] = [];
  const start = async (program: ServiceProgram) => {
    const service = new ServiceProcess(program, register);
    started.push(service);
    await service.start();
    return service;
  };
  const stop = async () => {
    const [support, services] = [started.filter(isSupport), started.filter((each) => !isSupport(each))];
    await Promise.all(services.map((service) => service.stop()));
    await Promise.all(support.map((service) => service.stop()));
  };
  try {
    const support = await supportPrograms(own, options);
    const supportReady = progress.stage('OIDC server and message sink', async () => {
      const both = await Promise.all([start(support.oidc), start(support.sink)]);
      await Promise.all(both.map((each) => each.ready()));
    });
    supportReady.catch(() => undefined);
    const servers = await options.servers;
    const provisioned = await progress.stage('database, roles and schemas', () =>
      provision(servers.adminUrl, own.database, own.secrets.passwords),
    );
    const around: Surroundings = {
      provisioned,
      brokers: servers.brokers,
      topicPrefix: own.topicPrefix,
      secrets: own.secrets,
      issuer: support.issuer,
      smtpPort: support.smtpPort,
      ports: await portsFor(options),
    };
    await supportReady;
    const processes = await startServices(around, options, own.dir, progress, start);
    const platform = await describe(around, support, processes);
    const seeded =
      options.seed === false
        ? undefined
        : await progress.stage('a small chain of restaurants', () => seedChain(platform, join(own.dir, 'secrets')));
    return {
      ...platform,
      ...seeded,
      stop: async () => {
        await stop();
        if (!own.isForOnce) return;
        await removeTraces(servers, own);
        await rm(own.dir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await stop();
    // The folder with the logs stays until the next start.
    if (own.isForOnce)
      await Promise.resolve(options.servers).then(
        (servers) => removeTraces(servers, own),
        () => undefined,
      );
    throw error;
  }
}

interface Own {
  dir: string;
  database: string;
  topicPrefix: string;
  secrets: Secrets;
  isForOnce: boolean;
}

async function settle(options: PlatformOptions): Promise<Own> {
  const id = randomBytes(4).toString('hex');
  const isForOnce = options.dir === undefined;
  if (isForOnce) await removeLeftPlatforms();
  const dir = options.dir ?? join(stackDir, `platform-${process.pid}-${id}`);
  await mkdir(dir, { recursive: true });
  return {
    dir,
    database: isForOnce ? `regulars_${id}` : 'regulars',
    topicPrefix: isForOnce ? `${id}.` : '',
    secrets: await secretsIn(join(dir, 'secrets', 'secrets.json')),
    isForOnce,
  };
}

interface Support {
  oidc: ServiceProgram;
  sink: ServiceProgram;
  issuer: string;
  sinkUrl: string;
  smtpPort: number;
}

async function supportPrograms(own: Own, options: PlatformOptions): Promise<Support> {
  const [oidcPort, sinkPort, smtpPort] = await Promise.all(
    (['oidc', 'sink', 'smtp'] as const).map((name) => freePort(wishedPort(options, name))),
  );
  const issuer = `http://127.0.0.1:${oidcPort}`;
  const sinkUrl = `http://127.0.0.1:${sinkPort}`;
  const environment = { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: compileCacheDir };
  const program = (name: string, readyUrl: string, env: Record<string, string>): ServiceProgram => ({
    name,
    entry: join(import.meta.dirname, `${name}.js`),
    env: { ...environment, ...env },
    readyUrl,
    logFile: join(own.dir, 'logs', `${name}.log`),
    givesWay: true,
  });
  return {
    oidc: program('oidc', `${issuer}/.well-known/openid-configuration`, {
      PORT: String(oidcPort),
      OIDC_KEY: JSON.stringify(own.secrets.oidcKey),
      OIDC_CLIENT_SECRET: own.secrets.oidcClientSecret,
    }),
    sink: program('sink', `${sinkUrl}/messages.json`, { PORT: String(sinkPort), SMTP_PORT: String(smtpPort) }),
    issuer,
    sinkUrl,
    smtpPort: smtpPort as number,
  };
}

async function startServices(
  around: Surroundings,
  options: PlatformOptions,
  dir: string,
  progress: Progress,
  start: (program: ServiceProgram) => Promise<ServiceProcess>,
): Promise<Record<ServiceName, ServiceProcess[]>> {
  const started = SERVICES.map(async (name) => {
    const processes = await Promise.all(
      around.ports[name].map((ports, replica) => start(programOf(name, replica, ports, around, options, dir))),
    );
    await progress.stage(name, () => Promise.all(processes.map((service) => service.ready())));
    return [name, processes] as const;
  });
  const settled = await Promise.allSettled(started);
  const failed = settled.filter((each) => each.status === 'rejected');
  if (failed.length > 0) throw new Error(failed.map((each) => (each.reason as Error).message).join('\n\n'));
  return Object.fromEntries(await Promise.all(started)) as Record<ServiceName, ServiceProcess[]>;
}

/** A guest waits at the till for these; the others hear of a purchase after it was acknowledged. */
const ON_THE_PURCHASE_PATH: readonly ServiceName[] = ['gateway', 'loyalty'];

function programOf(
  name: ServiceName,
  replica: number,
  ports: Ports,
  around: Surroundings,
  options: PlatformOptions,
  dir: string,
): ServiceProgram {
  const label = replica === 0 ? name : `${name}-${replica + 1}`;
  const given = environmentOf(name, replica, around);
  return {
    name: label,
    entry: join(workspaceDir, 'services', name, 'dist', 'src', 'main.js'),
    env: options.env?.(given, name, replica) ?? given,
    readyUrl: `http://127.0.0.1:${ports.ops}/readyz`,
    logFile: join(dir, 'logs', `${label}.log`),
    givesWay: !ON_THE_PURCHASE_PATH.includes(name),
  };
}

async function portsFor(options: PlatformOptions): Promise<Surroundings['ports']> {
  const ports = {} as Record<ServiceName, Ports[]>;
  for (const name of SERVICES) {
    ports[name] = [];
    for (let replica = 0; replica < (options.replicas?.[name] ?? 1); replica++) {
      const wished = name === 'gateway' && replica === 0 ? wishedPort(options, 'gateway') : undefined;
      ports[name].push({ ops: await freePort(), grpc: await freePort(), http: await freePort(wished) });
    }
  }
  return ports;
}

function wishedPort(options: PlatformOptions, name: 'gateway' | 'oidc' | 'sink' | 'smtp'): number | undefined {
  return options.dir === undefined ? undefined : (options.ports?.[name] ?? FRIENDLY_PORTS[name]);
}

async function describe(
  around: Surroundings,
  support: Support,
  processes: Record<ServiceName, ServiceProcess[]>,
): Promise<Omit<Platform, 'stop'>> {
  const gatewayUrls = around.ports.gateway.map(({ http }) => `http://127.0.0.1:${http}`);
  const freshTokens = () => tokensFrom(support.issuer, around.secrets.oidcClientSecret);
  return {
    gateway: { url: gatewayUrls[0] as string, docs: `${gatewayUrls[0]}/docs` },
    gatewayUrls,
    oidc: { issuer: support.issuer },
    sink: { smtp: `smtp://127.0.0.1:${support.smtpPort}`, url: support.sinkUrl },
    tokens: await freshTokens(),
    freshTokens,
    database: around.provisioned,
    kafka: { brokers: around.brokers },
    topicPrefix: around.topicPrefix,
    ports: around.ports,
    service: (name, replica = 0) => {
      const found = processes[name][replica];
      if (!found) throw new Error(`There is no process ${replica} of ${name}`);
      return found;
    },
  };
}

function isSupport(service: ServiceProcess): boolean {
  return service.program.name === 'oidc' || service.program.name === 'sink';
}

async function removeTraces(servers: Pick<Servers, 'adminUrl' | 'brokers'>, own: Own): Promise<void> {
  await Promise.all([unprovision(servers.adminUrl, own.database), removeTopics(servers.brokers, own.topicPrefix)]);
}

/** Removes the topics of a platform, known by their prefix. */
export async function removeTopics(brokers: string, topicPrefix: string): Promise<void> {
  const admin = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(`${topicPrefix}regulars.`));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  } finally {
    await admin.disconnect();
  }
}

/** Ends the processes of platforms for once whose owner was killed. Their database stays: its server is not known any more. */
async function removeLeftPlatforms(): Promise<void> {
  const names = await readdir(stackDir).catch(() => []);
  for (const name of names) {
    const owner = Number(/^platform-(\d+)-/.exec(name)?.[1]);
    if (!owner || (await isRunning(owner))) continue;
    await new ProcessRegister(join(stackDir, name, 'processes.json')).endLeftOver();
    await rm(join(stackDir, name), { recursive: true, force: true });
  }
}
