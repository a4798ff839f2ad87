import 'reflect-metadata';
import type { Server } from '@grpc/grpc-js';
import {
  type DynamicModule,
  type INestApplicationContext,
  type INestMicroservice,
  Module,
  type Type,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, NestFactory } from '@nestjs/core';
import { Transport } from '@nestjs/microservices';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { MessagingSettings } from '@regulars/messaging';
import type { Logger } from 'pino';
import { collectDefaultMetrics } from 'prom-client';
import type { DataSource } from 'typeorm';
import type { z } from 'zod';
import { CLOCK, systemClock } from './clock.js';
import { dataSourceOptions, type Migrations, migrate, schemaIsThere } from './database.js';
import { IdempotencyCare } from './idempotency-care.js';
import { jsonLogger, NestLogger } from './logging.js';
import { exitCodes, type OpsCommand, runOps } from './ops.js';
import { OpsServer, type ReadinessCheck } from './ops-server.js';
import { PrincipalSigner, PrincipalVerifier } from './principal.js';
import { processCommands } from './process-ops.js';
import type { Definition } from './rpc-client.js';
import { PrincipalGuard, RpcProblems, RpcSpan } from './rpc-server.js';
import { serviceCommands } from './service-ops.js';
import { InvalidSettings, type ProcessSettings, readSettings, SETTINGS, type ServiceSettings } from './settings.js';
import { startTelemetry } from './telemetry.js';

/** What makes a service: everything else is the same for all. */
export interface ServiceDescription<Schema extends z.ZodType<ServiceSettings>> {
  /** Also the name of its schema. */
  readonly name: string;
  readonly module: Type;
  /** Extends `serviceSettings`. */
  readonly settings: Schema;
  /** Generated service definitions that its controllers answer. */
  readonly rpc: readonly object[];
  readonly migrations: Migrations;
  /** What the platform team can do with this service alone, besides what it can do with all. */
  readonly ops?: (app: INestApplicationContext) => readonly OpsCommand[];
}

@Module({})
class ServiceModule {}

/**
 * The whole of a service's `main.ts`: reads the settings (a wrong value stops the start with a list), migrates, serves
 * gRPC, the ops port and what its modules start, and stops gracefully on SIGTERM and SIGINT. With the argument
 * `migrate` it migrates and exits; with `ops` it runs one command of the platform team beside the process that serves.
 */
export async function bootService<Schema extends z.ZodType<ServiceSettings>>(
  service: ServiceDescription<Schema>,
): Promise<void> {
  const settings = settingsOrExit(service.settings) as z.output<Schema> & ServiceSettings;
  if (process.argv[2] === 'ops') process.exit(await opsOf(service, settings, process.argv.slice(3)));
  const log = jsonLogger(service.name, settings.LOG_LEVEL);
  await runProcess(log, settings, service.name, async () => {
    if (process.argv[2] === 'migrate' || settings.MIGRATE_ON_START) {
      const ran = await migrate(service.name, settings, service.migrations);
      log.info({ ran }, 'schema is up to date');
      if (process.argv[2] === 'migrate') return undefined;
    } else {
      await schemaIsThere(service.name, settings, service.migrations, (missing) => {
        log.info({ missing }, 'waiting for the schema');
      });
    }
    const app = await createService(service, settings, log);
    const dataSource = app.get<DataSource>(getDataSourceToken());
    return {
      app,
      listen: () => app.listen(),
      drain: () => endConnections(app, settings),
      checks: [
        async () => {
          await dataSource.query('SELECT 1');
        },
      ],
    };
  });
}

/** Nothing of the service is started: no consumer joins, no relay leads, no port is opened. */
async function opsOf(
  service: ServiceDescription<z.ZodType<ServiceSettings>>,
  settings: ServiceSettings,
  args: readonly string[],
): Promise<number> {
  const quiet = jsonLogger(service.name, 'fatal', process.stderr);
  const own = processCommands(settings.OPS_PORT, () => settings);
  const isOwn = own.some(({ name }) => name === args[0]);
  if (isOwn) return runOps(service.name, own, args);
  try {
    const app = await createService(service, settings, quiet);
    const commands = [...own, ...serviceCommands(app, settings, service.migrations), ...(service.ops?.(app) ?? [])];
    return await runOps(service.name, commands, args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return exitCodes.outage;
  }
}

/** What a process serves. */
export interface Serving {
  readonly app: INestApplicationContext;
  readonly listen: () => Promise<unknown>;
  readonly checks: readonly ReadinessCheck[];
  /** Called when it is not ready any more and still serves: makes callers look for another. */
  readonly drain?: () => void;
}

/** Reads the settings of this process, or prints what is wrong with them and exits with 78 (EX_CONFIG). */
export function settingsOrExit<Schema extends z.ZodType>(schema: Schema): Readonly<z.output<Schema>> {
  try {
    return readSettings(schema, process.env);
  } catch (error) {
    if (!(error instanceof InvalidSettings)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(78);
  }
}

/**
 * Runs a process from start to graceful end around what `start` builds; used by `bootService` and by the gateway, which
 * serves HTTP instead of gRPC. `start` returning undefined means there is nothing to serve.
 */
export async function runProcess(
  log: Logger,
  settings: ProcessSettings,
  name: string,
  start: () => Promise<Serving | undefined>,
): Promise<void> {
  const endTelemetry = startTelemetry(name, settings);
  collectDefaultMetrics();
  try {
    const serving = await start();
    if (!serving) {
      await endTelemetry();
      return;
    }
    const ops = new OpsServer(serving.checks);
    await ops.listen(settings.OPS_PORT, settings.HOST);
    await serving.listen();
    ops.serving();
    // Since the process was started: loading its modules is most of it.
    log.info({ startMs: Math.round(performance.now()) }, 'ready');
    stopOnSignal(log, settings, ops, serving, endTelemetry);
  } catch (error) {
    log.fatal({ err: error }, 'cannot start');
    process.exit(1);
  }
}

function stopOnSignal(
  log: Logger,
  settings: ProcessSettings,
  ops: OpsServer,
  { app, drain }: Serving,
  endTelemetry: () => Promise<void>,
) {
  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    ops.stopping();
    // First nobody new comes, then those who are here are sent away while there is still somebody to answer them.
    await new Promise((resolve) => setTimeout(resolve, settings.DRAIN_MS / 2));
    drain?.();
    await new Promise((resolve) => setTimeout(resolve, settings.DRAIN_MS / 2));
    try {
      await app.close();
      await endTelemetry();
      await ops.close();
    } catch (error) {
      log.error({ err: error }, 'could not stop cleanly');
      process.exit(1);
    }
    log.info('stopped');
    process.exit(0);
  };
  process.once('SIGTERM', (signal) => void stop(signal));
  process.once('SIGINT', (signal) => void stop(signal));
}

/**
 * Ends callers' connections in order while new ones are still taken: a caller asks where to go, and by now this process is
 * not named any more. Without it, callers learn of the end from a connection that is refused.
 */
function endConnections(app: INestMicroservice, { HOST, GRPC_PORT, DRAIN_MS }: ServiceSettings): void {
  if (GRPC_PORT > 0 && DRAIN_MS > 0) app.unwrap<Server>().drain(`${HOST}:${GRPC_PORT}`, DRAIN_MS);
}

async function createService(
  service: ServiceDescription<z.ZodType<ServiceSettings>>,
  settings: ServiceSettings,
  log: Logger,
): Promise<INestMicroservice> {
  const definitions = Object.fromEntries(service.rpc.map((definition) => [serviceNameOf(definition), definition]));
  return NestFactory.createMicroservice(await rootModule(service, settings), {
    transport: Transport.GRPC,
    logger: new NestLogger(log),
    bufferLogs: false,
    abortOnError: false,
    options: {
      url: `${settings.HOST}:${settings.GRPC_PORT}`,
      package: [...new Set(Object.keys(definitions).map((name) => name.replace(/\.[^.]+$/, '')))],
      packageDefinition: definitions,
      gracefulShutdown: true,
      channelOptions: {
        // Callers look for addresses when a connection ends: this is how they find pods that were added.
        'grpc.max_connection_age_ms': settings.GRPC_CONNECTION_AGE_MS,
        'grpc.max_connection_age_grace_ms': 30_000,
      },
      maxReceiveMessageLength: 4 * 1024 * 1024,
    },
  });
}

async function rootModule(
  service: ServiceDescription<z.ZodType<ServiceSettings>>,
  settings: ServiceSettings,
): Promise<DynamicModule> {
  const signer = settings.PRINCIPAL_PRIVATE_KEY
    ? await PrincipalSigner.fromJwk(settings.PRINCIPAL_PRIVATE_KEY)
    : undefined;
  const shared = [
    { provide: SETTINGS, useValue: settings },
    { provide: CLOCK, useValue: systemClock },
    { provide: PrincipalVerifier, useValue: new PrincipalVerifier(settings.PRINCIPAL_KEYS) },
    { provide: PrincipalSigner, useValue: signer },
    { provide: MessagingSettings, useValue: messagingSettings(service.name, settings) },
  ];
  return {
    module: ServiceModule,
    global: true,
    imports: [
      TypeOrmModule.forRoot({
        ...dataSourceOptions(service.name, settings, service.migrations),
        autoLoadEntities: true,
      }),
      service.module,
    ],
    providers: [
      ...shared,
      IdempotencyCare,
      { provide: APP_GUARD, useClass: PrincipalGuard },
      { provide: APP_INTERCEPTOR, useClass: RpcSpan },
      { provide: APP_FILTER, useClass: RpcProblems },
    ],
    exports: shared,
  };
}

function messagingSettings(name: string, settings: ServiceSettings): MessagingSettings {
  return {
    brokers: settings.KAFKA_BROKERS,
    topicPrefix: settings.TOPIC_PREFIX,
    partitions: settings.TOPIC_PARTITIONS,
    replication: settings.TOPIC_REPLICATION,
    clientId: name,
    databaseUrl: settings.DATABASE_URL,
    outboxKeptDays: settings.OUTBOX_KEPT_DAYS,
  };
}

function serviceNameOf(definition: object): string {
  const [first] = Object.values(definition as Definition);
  return first?.path.split('/')[1] ?? '';
}
