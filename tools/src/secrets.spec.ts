import { describe, expect, it } from '@jest/globals';
import { publicKeysOf, replacedPrincipals, type Secrets } from './secrets.js';

const key = (kid: string) => ({ kty: 'OKP', crv: 'Ed25519', x: 'open', d: 'private', kid });
const before = { principals: { gateway: key('gateway'), loyalty: key('loyalty') } } as unknown as Secrets;
const believed = (secrets: Secrets) => publicKeysOf(secrets).keys.map(({ kid }) => kid);

describe('Replacing the keys with which services vouch for callers', () => {
  it('[O3] lets everybody believe the next keys before anybody signs with them, and forgets the former ones last', () => {
    const first = replacedPrincipals(before);
    expect(first.step).toBe('next keys are believed');
    expect(first.secrets.principals).toBe(before.principals);
    const next = first.secrets.nextPrincipals?.gateway.kid ?? '';
    expect(next).toMatch(/^gateway\.[0-9a-f]{8}$/);
    expect(believed(first.secrets)).toEqual(expect.arrayContaining(['gateway', 'loyalty', next]));

    const second = replacedPrincipals(first.secrets);
    expect(second.step).toBe('next keys sign');
    expect(second.secrets.principals.gateway.kid).toBe(next);
    expect(believed(second.secrets)).toEqual(expect.arrayContaining(['gateway', 'loyalty', next]));

    const third = replacedPrincipals(second.secrets);
    expect(third.step).toBe('former keys are gone');
    expect(third.secrets.principals.gateway.kid).toBe(next);
    expect(believed(third.secrets)).not.toContain('gateway');
    expect(replacedPrincipals(third.secrets).step).toBe('next keys are believed');
  });

  it('[O4] never prints a private key among those that are believed', () => {
    expect(JSON.stringify(publicKeysOf(replacedPrincipals(before).secrets))).not.toContain('"d"');
  });
});
