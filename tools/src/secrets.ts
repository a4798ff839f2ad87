import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { JWK } from 'jose';
import { OWNERS, type OwnerName, SERVICES, type ServiceName } from './services.js';

/** Who signs principals: every process that calls another. */
export const SIGNERS = SERVICES;

/** What an installation keeps to itself; losing the two last ones loses the members' personal data. */
export interface Secrets {
  /** Password of each owner's database role. */
  passwords: Record<OwnerName, string>;
  /** Private Ed25519 key of each signer, kid = its name. */
  principals: Record<ServiceName, JWK>;
  /** The local OIDC server's private ES256 key. */
  oidcKey: JWK;
  /** Secret of the local OIDC server's clients. */
  oidcClientSecret: string;
  /** 32 bytes in base64 for each owner: wraps the data keys of the persons it knows. */
  keyEncryptionKeys: Record<OwnerName, string>;
  /** 32 bytes in base64: keys the blind indexes of mobile and e-mail. */
  blindIndexKey: string;
}

/** Reads the secrets of an installation, or makes them on its first start. */
export async function secretsIn(file: string): Promise<Secrets> {
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known) return JSON.parse(known) as Secrets;
  const secrets: Secrets = {
    passwords: recordOf(OWNERS, () => randomBytes(18).toString('base64url')),
    principals: recordOf(SIGNERS, (name) => ({
      ...generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }),
      kid: name,
      alg: 'EdDSA',
      use: 'sig',
    })),
    oidcKey: {
      ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
      kid: 'local',
      alg: 'ES256',
      use: 'sig',
    },
    oidcClientSecret: randomBytes(24).toString('base64url'),
    keyEncryptionKeys: recordOf(OWNERS, () => randomBytes(32).toString('base64')),
    blindIndexKey: randomBytes(32).toString('base64'),
  };
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.draft`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.draft`, file);
  return secrets;
}

/** The public halves of the signers' keys, as every service reads them from `PRINCIPAL_KEYS`. */
export function publicKeysOf(secrets: Secrets): { keys: JWK[] } {
  return { keys: Object.values(secrets.principals).map(({ d: _private, ...publicKey }) => publicKey) };
}

function recordOf<K extends string, V>(keys: readonly K[], valueOf: (key: K) => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, valueOf(key)])) as Record<K, V>;
}
