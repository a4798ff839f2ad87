import { beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair } from 'jose';
import { mayActFor, type Principal, PrincipalSigner, PrincipalVerifier } from './principal.js';

const till: Principal = { sub: 'till-1', kind: 'till', roles: ['cashier'], stores: ['store-1'] };

async function keyOf(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  return {
    secret: JSON.stringify({ ...(await exportJWK(privateKey)), kid }),
    open: { ...(await exportJWK(publicKey)), kid },
  };
}

describe('Principals', () => {
  let gateway: PrincipalSigner;
  let notifications: PrincipalSigner;
  let stranger: PrincipalSigner;
  let verifier: PrincipalVerifier;

  beforeAll(async () => {
    const [gatewayKey, notificationsKey, strangerKey] = await Promise.all([
      keyOf('gateway'),
      keyOf('notifications'),
      keyOf('gateway'),
    ]);
    gateway = await PrincipalSigner.fromJwk(gatewayKey.secret);
    notifications = await PrincipalSigner.fromJwk(notificationsKey.secret);
    stranger = await PrincipalSigner.fromJwk(strangerKey.secret);
    verifier = new PrincipalVerifier(JSON.stringify({ keys: [gatewayKey.open, notificationsKey.open] }));
  });

  it('[O4] come back as they were signed by the gateway', async () => {
    const token = await gateway.sign(till);
    expect(await verifier.verify(token)).toEqual(till);
    expect(verifier.recall(token)).toEqual(till);
    expect(await gateway.sign(till)).toBe(token);
  });

  it('[O4] are refused from a key that is not known', async () => {
    expect(await verifier.verify(await stranger.sign(till))).toBeUndefined();
    expect(await verifier.verify('not a token')).toBeUndefined();
  });

  it('[O4] let a service speak only for itself', async () => {
    const itself: Principal = { sub: 'notifications', kind: 'service', roles: [], stores: '*' };
    expect(await verifier.verify(await notifications.sign(itself))).toEqual(itself);
    expect(await verifier.verify(await notifications.sign(till))).toBeUndefined();
    expect(await verifier.verify(await notifications.sign({ ...itself, sub: 'members' }))).toBeUndefined();
  });

  it('[O3] are believed from both keys of a signer while one replaces the other, and from the new one alone after it', async () => {
    const [former, next] = await Promise.all([keyOf('gateway'), keyOf('gateway.7f3a')]);
    const byFormer = await (await PrincipalSigner.fromJwk(former.secret)).sign(till);
    const byNext = await (await PrincipalSigner.fromJwk(next.secret)).sign(till);
    const both = new PrincipalVerifier(JSON.stringify({ keys: [former.open, next.open] }));
    expect([await both.verify(byFormer), await both.verify(byNext)]).toEqual([till, till]);
    const after = new PrincipalVerifier(JSON.stringify({ keys: [next.open] }));
    expect([await after.verify(byFormer), await after.verify(byNext)]).toEqual([undefined, till]);
  });

  it('[O4] cannot be signed by a key that only looks like the gateway', async () => {
    const other = await keyOf('gatewayish.1');
    const verify = new PrincipalVerifier(JSON.stringify({ keys: [other.open] }));
    expect(await verify.verify(await (await PrincipalSigner.fromJwk(other.secret)).sign(till))).toBeUndefined();
  });

  it('[O4] act for their stores only', () => {
    expect(mayActFor(till, 'store-1')).toBe(true);
    expect(mayActFor(till, 'store-2')).toBe(false);
    expect(mayActFor({ ...till, stores: '*' }, 'store-2')).toBe(true);
  });
});
