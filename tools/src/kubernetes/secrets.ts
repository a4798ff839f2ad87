import { publicKeysOf, type Secrets } from '../secrets.js';
import { OWNERS, type OwnerName, SERVICES, type ServiceName } from '../services.js';

/** Where the servers of an installation are, as its pods reach them. */
export interface SecretsPlace {
  readonly namespace: string;
  /** host:port of PostgreSQL. */
  readonly postgres: string;
  readonly database: string;
  /** smtp:// address of the mail provider. */
  readonly smtpUrl: string;
  /** Password of PostgreSQL's administrator; only the trial server and its provisioning need it. */
  readonly adminPassword?: string;
}

interface SecretManifest {
  readonly apiVersion: 'v1';
  readonly kind: 'Secret';
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly stringData: Readonly<Record<string, string>>;
}

/** The Secrets that the chart's values name, made of an installation's secrets: one for each service and no more in it. */
export function secretManifests(secrets: Secrets, place: SecretsPlace): SecretManifest[] {
  const manifest = (name: string, stringData: Record<string, string>): SecretManifest => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: place.namespace },
    stringData,
  });
  const services = SERVICES.map((service) => manifest(`regulars-${service}`, ownSecrets(service, secrets, place)));
  const principals = manifest('regulars-principals', { PRINCIPAL_KEYS: JSON.stringify(publicKeysOf(secrets)) });
  if (place.adminPassword === undefined) return [principals, ...services];
  const trial = manifest('regulars-trial', {
    POSTGRES_PASSWORD: place.adminPassword,
    'secrets.json': JSON.stringify({ passwords: secrets.passwords }),
    OIDC_KEY: JSON.stringify(secrets.oidcKey),
    OIDC_CLIENT_SECRET: secrets.oidcClientSecret,
  });
  return [principals, ...services, trial];
}

/** Services that call others under their own name. */
const signers: ReadonlySet<ServiceName> = new Set(['gateway', 'notifications', 'loyalty', 'members']);

function ownSecrets(service: ServiceName, secrets: Secrets, place: SecretsPlace): Record<string, string> {
  return {
    ...(signers.has(service) && {
      PRINCIPAL_PRIVATE_KEY: JSON.stringify(secrets.principals[service]),
    }),
    ...(isOwner(service) && { DATABASE_URL: databaseUrl(service, secrets, place) }),
    ...((service === 'members' || service === 'complaints') && {
      KEY_ENCRYPTION_KEY: secrets.keyEncryptionKeys[service],
    }),
    ...(service === 'members' && { BLIND_INDEX_KEY: secrets.blindIndexKey }),
    ...(service === 'notifications' && { SMTP_URL: place.smtpUrl }),
  };
}

function isOwner(service: ServiceName): service is OwnerName {
  return OWNERS.includes(service as OwnerName);
}

function databaseUrl(owner: OwnerName, secrets: Secrets, { postgres, database }: SecretsPlace): string {
  const url = new URL(`postgres://${postgres}/${database}`);
  url.username = `${database}_${owner}`;
  url.password = secrets.passwords[owner];
  return url.toString();
}
