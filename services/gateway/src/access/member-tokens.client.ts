import { Inject, Injectable } from '@nestjs/common';
import { type Principal, SETTINGS } from '@regulars/service';
import { createLocalJWKSet, importJWK, type JSONWebKeySet, type JWK, jwtVerify, SignJWT } from 'jose';
import type { GatewaySettings } from '../gateway.config.js';

const prefix = 'rms_';
const audience = 'regulars:self-service';
const issuer = 'gateway';
const goodForMs = 30 * 60_000;

/** What a member shows after signing in by a one-time code (requirement M12): signed, stored nowhere. */
@Injectable()
export class MemberTokens {
  private readonly key: ReturnType<typeof importJWK>;
  private readonly keyId: string;
  private readonly keys: ReturnType<typeof createLocalJWKSet>;

  constructor(@Inject(SETTINGS) { PRINCIPAL_PRIVATE_KEY, PRINCIPAL_KEYS }: GatewaySettings) {
    const jwk = JSON.parse(PRINCIPAL_PRIVATE_KEY) as JWK;
    this.key = importJWK(jwk, 'EdDSA');
    this.keyId = jwk.kid ?? issuer;
    this.keys = createLocalJWKSet(JSON.parse(PRINCIPAL_KEYS) as JSONWebKeySet);
  }

  isOne(bearer: string): boolean {
    return bearer.startsWith(prefix);
  }

  async issue(memberId: string): Promise<{ token: string; expiresAt: Date }> {
    const expiresAt = new Date(Math.floor((Date.now() + goodForMs) / 1_000) * 1_000);
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'EdDSA', kid: this.keyId })
      .setSubject(memberId)
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(expiresAt)
      .sign(await this.key);
    return { token: prefix + token, expiresAt };
  }

  /** The member, who may act for herself only; undefined for a token that does not verify or has ended. */
  async verify(bearer: string): Promise<Principal | undefined> {
    try {
      const { payload } = await jwtVerify(bearer.slice(prefix.length), this.keys, {
        audience,
        issuer,
        algorithms: ['EdDSA'],
      });
      return payload.sub === undefined ? undefined : { sub: payload.sub, kind: 'member', roles: [], stores: '*' };
    } catch {
      // jose throws for every kind of bad token; the caller only needs to know that it is one.
      return undefined;
    }
  }
}
