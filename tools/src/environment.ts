import { compileCacheDir } from './folders.js';
import type { Provisioned } from './provisioning.js';
import { publicKeysOf, type Secrets } from './secrets.js';
import { OWNERS, type OwnerName, type ServiceName } from './services.js';

/** Where one process of a service listens. */
export interface Ports {
  ops: number;
  /** Of every service but the gateway. */
  grpc: number;
  /** Of the gateway alone. */
  http: number;
}

/** What the services of one platform have in common. */
export interface Surroundings {
  provisioned: Provisioned;
  brokers: string;
  topicPrefix: string;
  secrets: Secrets;
  issuer: string;
  smtpPort: number;
  /** Ports of each service's processes. */
  ports: Record<ServiceName, readonly Ports[]>;
}

/** The environment of one process of a service: complete, so that nothing of the caller's own environment matters. */
export function environmentOf(service: ServiceName, replica: number, around: Surroundings): Record<string, string> {
  const own = around.ports[service][replica] as Ports;
  return {
    PATH: process.env.PATH ?? '',
    TZ: 'UTC',
    NODE_ENV: 'production',
    NODE_COMPILE_CACHE: compileCacheDir,
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'info',
    ...telemetry(),
    HOST: '127.0.0.1',
    OPS_PORT: String(own.ops),
    KAFKA_BROKERS: around.brokers,
    TOPIC_PREFIX: around.topicPrefix,
    PRINCIPAL_KEYS: JSON.stringify(publicKeysOf(around.secrets)),
    PRINCIPAL_PRIVATE_KEY: JSON.stringify(around.secrets.principals[service]),
    ...addresses(replica, around.ports),
    ...(service === 'gateway' ? gatewayOnly(own, around.issuer) : ownerOnly(service, own, around)),
  };
}

/** Where traces go, when the caller has said so. */
function telemetry(): Record<string, string> {
  const names = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_TRACES_SAMPLER_ARG'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

function gatewayOnly(own: Ports, issuer: string): Record<string, string> {
  return { HTTP_PORT: String(own.http), OIDC_ISSUER: issuer, OIDC_AUDIENCE: 'regulars', ...manyCalls };
}

/** Here a few tills and people stand for all of a chain. */
const manyCalls = { LIMIT_TILL_PER_S: '100000', LIMIT_PERSON_PER_S: '100000' };

function ownerOnly(service: OwnerName, own: Ports, around: Surroundings): Record<string, string> {
  const { secrets, smtpPort } = around;
  return {
    GRPC_PORT: String(own.grpc),
    DATABASE_URL: around.provisioned.urls[service],
    MIGRATE_ON_START: 'true',
    KEY_ENCRYPTION_KEY: secrets.keyEncryptionKeys[service],
    ...(service === 'members' && { BLIND_INDEX_KEY: secrets.blindIndexKey }),
    ...(service === 'notifications' && {
      SMTP_URL: `smtp://127.0.0.1:${smtpPort}`,
      MAIL_FROM: 'Regulars <no-reply@regulars.example>',
      SMS_MAIL_DOMAIN: 'sms.example',
    }),
  };
}

/**
 * `STORES_ADDR` and so on. Of several replicas all are named, in an order that begins with the caller's own number: a
 * client that takes the first spreads over them all the same, one that takes turns has them all.
 */
function addresses(replica: number, ports: Surroundings['ports']): Record<string, string> {
  const named = OWNERS.map((owner) => {
    const all = ports[owner].map(({ grpc }) => `127.0.0.1:${grpc}`);
    const turned = [...all.slice(replica % all.length), ...all.slice(0, replica % all.length)];
    return [`${owner.toUpperCase()}_ADDR`, all.length === 1 ? turned[0] : `ipv4:${turned.join(',')}`];
  });
  return Object.fromEntries(named) as Record<string, string>;
}
