import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SERVICES, type ServiceName } from '@regulars/tools';
import { type JWK, SignJWT } from 'jose';

/** On whose behalf a call is made, as services read it. */
export interface PrincipalClaims {
  readonly sub: string;
  readonly kind: 'person' | 'machine' | 'till' | 'member' | 'service';
  readonly roles?: readonly string[];
  /** Stores that the principal may act for; `*` means all. */
  readonly stores?: '*' | readonly string[];
}

const privateKeys = new Map<ServiceName, KeyObject>(
  SERVICES.map((name) => [name, generateKeyPairSync('ed25519').privateKey]),
);

/** The value of `PRINCIPAL_KEYS` that goes with the keys below: made anew for each test file. */
export const principalKeys = JSON.stringify({
  keys: SERVICES.map((name) => ({ ...publicPart(jwkOf(name)), kid: name, alg: 'EdDSA', use: 'sig' })),
});

/** The value of `PRINCIPAL_PRIVATE_KEY` of a process. */
export function privateKeyOf(name: ServiceName): string {
  return JSON.stringify({ ...jwkOf(name), kid: name, alg: 'EdDSA', use: 'sig' });
}

/**
 * A principal as the gateway signs it, for the gRPC metadata `principal`. Roles are empty and stores are all unless
 * given; `signer` is whose key it is signed with.
 */
export async function signedPrincipal(claims: PrincipalClaims, signer: ServiceName = 'gateway'): Promise<string> {
  const { sub, kind, roles = [], stores = '*' } = claims;
  return new SignJWT({ kind, roles, stores })
    .setProtectedHeader({ alg: 'EdDSA', kid: signer })
    .setSubject(sub)
    .setIssuer(signer)
    .setAudience('regulars:internal')
    .setIssuedAt()
    .setExpirationTime('300s')
    .sign(privateKeys.get(signer) as KeyObject);
}

function jwkOf(name: ServiceName): JWK {
  return (privateKeys.get(name) as KeyObject).export({ format: 'jwk' });
}

function publicPart({ d: _private, ...jwk }: JWK): JWK {
  return jwk;
}
