import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Every fault of the environment, told at once; the process does not start. */
export class InvalidSettings extends Error {
  constructor(readonly faults: readonly string[]) {
    super(`The environment has ${faults.length} fault(s):\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'InvalidSettings';
  }
}

const port = z.coerce.number().int().min(0).max(65_535);
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

/** What every process of the platform reads from its environment. */
export const processSettings = z.object({
  /** Address to listen on. */
  HOST: z.string().min(1).default('0.0.0.0'),
  /** Liveness, readiness, start-up and metrics over HTTP. */
  OPS_PORT: port,
  /** Kafka bootstrap servers, comma separated. */
  KAFKA_BROKERS: z
    .string()
    .min(1)
    .transform((value) => value.split(',').map((broker) => broker.trim())),
  /** Put before every topic name, so that installations can share a Kafka. */
  TOPIC_PREFIX: z.string().default(''),
  /** JWK set of the public Ed25519 keys whose principals are believed; `kid` names the signer. */
  PRINCIPAL_KEYS: z.string().min(1),
  /** Own private JWK, for processes that call others. */
  PRINCIPAL_PRIVATE_KEY: z.string().optional(),
  /** pino's levels. */
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
  /** OTLP over HTTP; traces are not exported where it is missing. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
  /** Share of new traces that is recorded, 0 to 1. */
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(0.01),
  /** Between "not ready" and the end of listening, so that load balancers notice. */
  DRAIN_MS: z.coerce.number().int().min(0).max(60_000).default(0),
});

/** What every process with gRPC and a database reads besides. */
export const serviceSettings = processSettings.extend({
  GRPC_PORT: port,
  /** The service's own role; its search_path is the service's schema. */
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'a postgres:// address is expected'),
  /** After this a caller's connection is ended in order, so that it finds replicas that were added meanwhile. */
  GRPC_CONNECTION_AGE_MS: z.coerce.number().int().min(1_000).default(120_000),
  /** Connections of the ordinary pool. */
  DATABASE_POOL: z.coerce.number().int().min(1).max(100).default(6),
  /** Whether the process migrates its schema when it starts. */
  MIGRATE_ON_START: flag.default(false),
  /** Partitions of topics that are made when missing. */
  TOPIC_PARTITIONS: z.coerce.number().int().min(1).max(1024).default(8),
  /** Whole days for which published events stay in the outbox (requirement O5). */
  OUTBOX_KEPT_DAYS: z.coerce.number().int().min(1).max(90).default(3),
  /**
   * Days for which a write that is repeated under its key answers as it did the first time (requirement O5): no fewer than
   * a till that was cut off may need to come back.
   */
  IDEMPOTENCY_KEPT_DAYS: z.coerce.number().int().min(7).max(400).default(30),
  /** Replication factor of topics that are made when missing. */
  TOPIC_REPLICATION: z.coerce.number().int().min(1).max(7).default(1),
});

export type ProcessSettings = Readonly<z.output<typeof processSettings>>;
export type ServiceSettings = Readonly<z.output<typeof serviceSettings>>;

/** Token under which Nest injects the settings of the running process. */
export const SETTINGS = Symbol('settings');

/**
 * Reads settings from an environment. A value `X` may also come from the file that `X_FILE` names, so that secrets stay
 * out of the environment. Empty values count as missing.
 *
 * @throws InvalidSettings with every fault
 */
export function readSettings<Schema extends z.ZodType>(
  schema: Schema,
  env: NodeJS.ProcessEnv,
): Readonly<z.output<Schema>> {
  const unreadable: string[] = [];
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && value !== '') values[name] = value;
  }
  for (const [name, path] of Object.entries(values)) {
    const target = name.replace(/_FILE$/, '');
    if (target === name || target in values) continue;
    try {
      values[target] = readFileSync(path, 'utf8').trim();
    } catch (error) {
      unreadable.push(`${name}: cannot read ${path} (${(error as NodeJS.ErrnoException).code})`);
    }
  }
  const parsed = schema.safeParse(values);
  if (!parsed.success) {
    throw new InvalidSettings([
      ...unreadable,
      ...parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
    ]);
  }
  return Object.freeze(parsed.data);
}
