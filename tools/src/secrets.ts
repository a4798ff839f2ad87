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
  /** Private Ed25519 key of each signer, with which it signs; kid = its name, and a word of its own behind a point. */
  principals: Record<ServiceName, JWK>;
  /** While keys are replaced: those that are believed already, and not used yet. */
  nextPrincipals?: Record<ServiceName, JWK>;
  /** While keys are replaced: those that are believed still, and not used any more. */
  formerPrincipals?: Record<ServiceName, JWK>;
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
    principals: recordOf(SIGNERS, (name) => principalKey(name)),
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
  await keepSecrets(file, secrets);
  return secrets;
}

export async function keepSecrets(file: string, secrets: Secrets): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.draft`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.draft`, file);
}

/** The public halves of the signers' keys that are believed, as every service reads them from `PRINCIPAL_KEYS`. */
export function publicKeysOf({ principals, nextPrincipals, formerPrincipals }: Secrets): { keys: JWK[] } {
  const sets = [principals, nextPrincipals ?? {}, formerPrincipals ?? {}];
  return { keys: sets.flatMap(Object.values<JWK>).map(({ d: _private, ...publicKey }) => publicKey) };
}

/** A step of replacing the signers' keys (requirement O3): after each one every service has to be started anew. */
export type Replacement = 'next keys are believed' | 'next keys sign' | 'former keys are gone';

/** The secrets one step further: everybody believes the next keys before anybody signs with them. */
export function replacedPrincipals(secrets: Secrets): { readonly secrets: Secrets; readonly step: Replacement } {
  const { nextPrincipals, formerPrincipals, ...others } = secrets;
  if (formerPrincipals) return { secrets: others, step: 'former keys are gone' };
  if (!nextPrincipals) {
    const next = recordOf(SIGNERS, (name) => principalKey(name, randomBytes(4).toString('hex')));
    return { secrets: { ...others, nextPrincipals: next }, step: 'next keys are believed' };
  }
  const turned = { ...others, principals: nextPrincipals, formerPrincipals: others.principals };
  return { secrets: turned, step: 'next keys sign' };
}

function principalKey(signer: ServiceName, word?: string): JWK {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return { ...jwk, kid: word ? `${signer}.${word}` : signer, alg: 'EdDSA', use: 'sig' };
}

function recordOf<K extends string, V>(keys: readonly K[], valueOf: (key: K) => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, valueOf(key)])) as Record<K, V>;
}
