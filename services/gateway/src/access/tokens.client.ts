import { Inject, Injectable } from '@nestjs/common';
import { type Principal, SETTINGS } from '@regulars/service';
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import type { GatewaySettings } from '../gateway.config.js';
import { principalFrom } from './claims.js';

const discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

const MOST_REMEMBERED = 10_000;

interface Verified {
  readonly principal: Principal;
  readonly expiresMs: number;
}

/** Access tokens of people and machines, verified with the issuer's published keys (requirement O4). */
@Injectable()
export class Tokens {
  private readonly verified = new Map<string, Verified>();
  private keys: Promise<JWTVerifyGetKey> | undefined;

  constructor(@Inject(SETTINGS) private readonly settings: GatewaySettings) {}

  /**
   * Who a token speaks for; undefined for a token that is wrong, has ended, or is of another issuer or audience.
   *
   * @throws when the issuer's keys are out of reach
   */
  async verify(token: string): Promise<Principal | undefined> {
    const known = this.verified.get(token);
    if (known) return known.expiresMs > Date.now() ? known.principal : undefined;
    const keys = await this.issuerKeys();
    const claims = await this.claimsOf(token, keys);
    const principal = claims && principalFrom(claims);
    if (principal) this.remember(token, { principal, expiresMs: (claims.exp ?? 0) * 1_000 });
    return principal;
  }

  private remember(token: string, verified: Verified): void {
    const [oldest] = this.verified.size < MOST_REMEMBERED ? [] : this.verified.keys();
    if (oldest !== undefined) this.verified.delete(oldest);
    this.verified.set(token, verified);
  }

  private async claimsOf(token: string, keys: JWTVerifyGetKey) {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: this.settings.OIDC_ISSUER,
        audience: this.settings.OIDC_AUDIENCE,
        algorithms: [this.settings.OIDC_ALGORITHM],
        requiredClaims: ['exp'],
      });
      return payload;
    } catch (error) {
      if (isRefusal(error)) return undefined;
      throw error;
    }
  }

  /** Asked when the first token comes, so that tills are served while the issuer is out. */
  private issuerKeys(): Promise<JWTVerifyGetKey> {
    this.keys ??= this.discover().catch((error: unknown) => {
      this.keys = undefined;
      throw error;
    });
    return this.keys;
  }

  private async discover(): Promise<JWTVerifyGetKey> {
    const url = `${this.settings.OIDC_ISSUER.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const response = await fetch(url, { signal: AbortSignal.timeout(3_000) });
    if (!response.ok) throw new Error(`${url} answers ${response.status}`);
    const { jwks_uri: jwksUri } = discovery.parse(await response.json());
    return createRemoteJWKSet(new URL(jwksUri), { timeoutDuration: 3_000, cooldownDuration: 10_000 });
  }
}

/** jose throws for bad tokens and for a key set that is out of reach alike. */
function isRefusal(error: unknown): boolean {
  return error instanceof errors.JOSEError && error.code !== 'ERR_JWKS_TIMEOUT' && error.code !== 'ERR_JOSE_GENERIC';
}
