import { type CryptoKey, createLocalJWKSet, importJWK, type JSONWebKeySet, type JWK, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';

/** Roles of people and machines (requirement O4). */
export const roles = [
  'cashier',
  'store-manager',
  'agent',
  'complaint-supervisor',
  'crm-analyst',
  'marketing',
  'finance',
  'hr',
  'auditor',
  'administrator',
] as const;
export type Role = (typeof roles)[number];

const principalSchema = z.object({
  /** Who: the subject of the access token, a till id, or the name of a service. */
  sub: z.string().min(1),
  kind: z.enum(['person', 'machine', 'till', 'member', 'service']),
  roles: z.array(z.enum(roles)),
  /** Stores that the principal may act for; `*` means all. */
  stores: z.union([z.literal('*'), z.array(z.string())]),
});

/** On whose behalf a call is made. */
export type Principal = Readonly<z.output<typeof principalSchema>>;

const audience = 'regulars:internal';
const lifetimeS = 300;
const renewBeforeS = 60;

/**
 * Whose key it is: a key's id is its signer's name, alone or with a point and anything behind it, such as `gateway.7f3a`.
 * So a signer has two keys while one replaces the other.
 */
export function signerOf(keyId: string): string {
  return keyId.split('.', 1)[0] ?? '';
}

/** Whether the principal may act for a store. */
export function mayActFor(principal: Principal, storeId: string): boolean {
  return principal.stores === '*' || principal.stores.includes(storeId);
}

/** Signs principals with the process's own Ed25519 key; the same principal gets the same token for some minutes. */
export class PrincipalSigner {
  private readonly tokens = new LRUCache<string, string>({ max: 20_000, ttl: (lifetimeS - renewBeforeS) * 1_000 });

  private constructor(
    private readonly key: CryptoKey | Uint8Array,
    private readonly keyId: string,
  ) {}

  /** @param jwk private Ed25519 JWK whose `kid` begins with the name of this process */
  static async fromJwk(jwk: string): Promise<PrincipalSigner> {
    const parsed = JSON.parse(jwk) as JWK;
    if (!parsed.kid) throw new Error('PRINCIPAL_PRIVATE_KEY has no kid');
    return new PrincipalSigner(await importJWK(parsed, 'EdDSA'), parsed.kid);
  }

  get signer(): string {
    return signerOf(this.keyId);
  }

  /** A compact JWS that is valid for at least a minute. */
  async sign(principal: Principal): Promise<string> {
    const name = JSON.stringify(principal);
    const known = this.tokens.get(name);
    if (known) return known;
    const token = await new SignJWT({ kind: principal.kind, roles: principal.roles, stores: principal.stores })
      .setProtectedHeader({ alg: 'EdDSA', kid: this.keyId })
      .setSubject(principal.sub)
      .setIssuer(this.signer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(`${lifetimeS}s`)
      .sign(this.key);
    this.tokens.set(name, token);
    return token;
  }
}

interface Known {
  readonly principal: Principal;
  readonly expiresMs: number;
}

/**
 * Verifies principals signed by known processes. The gateway speaks for people, tills and machines; any other signer
 * only for itself.
 */
export class PrincipalVerifier {
  private readonly keys: ReturnType<typeof createLocalJWKSet>;
  private readonly known = new LRUCache<string, Known>({ max: 20_000 });

  /** @param jwks JSON of a JWK set of public Ed25519 keys */
  constructor(jwks: string) {
    this.keys = createLocalJWKSet(JSON.parse(jwks) as JSONWebKeySet);
  }

  /** The principal of a token that was verified before and is still valid: no cryptography, for hot paths. */
  recall(token: string): Principal | undefined {
    const known = this.known.get(token);
    return known && known.expiresMs > Date.now() ? known.principal : undefined;
  }

  /** The principal of a token, or undefined when it does not verify, has ended, or its signer may not say so. */
  async verify(token: string): Promise<Principal | undefined> {
    const recalled = this.recall(token);
    if (recalled) return recalled;
    try {
      const { payload, protectedHeader } = await jwtVerify(token, this.keys, { audience, algorithms: ['EdDSA'] });
      const principal = principalSchema.parse(payload);
      const signer = signerOf(protectedHeader.kid ?? '');
      const speaksForItself = principal.kind === 'service' && principal.sub === signer;
      if (payload.iss !== signer || (signer !== 'gateway' && !speaksForItself)) return undefined;
      this.known.set(token, { principal, expiresMs: (payload.exp ?? 0) * 1_000 });
      return principal;
    } catch {
      // jose and zod throw for every kind of bad token; the caller only needs to know that it is one.
      return undefined;
    }
  }
}
