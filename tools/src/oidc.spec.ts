import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from './ports.js';
import { ROLES } from './roles.js';
import { secretsIn } from './secrets.js';
import { tokensFrom } from './tokens.js';

let server: ChildProcess;
let issuer: string;
let clientSecret: string;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'regulars-oidc-'));
  const { oidcKey, oidcClientSecret } = await secretsIn(join(dir, 'secrets.json'));
  clientSecret = oidcClientSecret;
  const port = await freePort();
  issuer = `http://127.0.0.1:${port}`;
  server = spawn(process.execPath, [join(import.meta.dirname, '..', 'dist', 'oidc.js')], {
    env: { PORT: String(port), OIDC_KEY: JSON.stringify(oidcKey), OIDC_CLIENT_SECRET: oidcClientSecret },
    stdio: 'ignore',
  });
  for (let tries = 0; tries < 200; tries++) {
    if (
      await fetch(`${issuer}/.well-known/openid-configuration`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the OIDC server did not start');
});

afterAll(async () => {
  server.kill();
  await rm(dir, { recursive: true });
});

function claimsIn(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
}

/** A browser's part of the code flow: follows redirects by hand, keeps cookies, and chooses the account of a role. */
async function signInAs(role: string): Promise<string> {
  const verifier = randomBytes(32).toString('base64url');
  const redirectUri = 'http://127.0.0.1/signed-in';
  const asked = new URLSearchParams({
    client_id: 'regulars-web',
    response_type: 'code',
    scope: 'openid profile',
    redirect_uri: redirectUri,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    state: 's',
  });
  const cookies = new Map<string, string>();
  let url = `${issuer}/auth?${asked.toString()}`;
  for (let step = 0; !url.startsWith(redirectUri); step++) {
    if (step > 10) throw new Error(`no way back from ${url}`);
    const isAccounts = url.includes('/sign-in/') && step === 1;
    const response = await fetch(isAccounts ? `${url}?as=${role}` : url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (cookie.split(';')[0] ?? '').split(/=(.*)/s);
      cookies.set(name, value);
    }
    url = new URL(response.headers.get('location') ?? 'missing:', url).href;
  }
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    code: new URL(url).searchParams.get('code') ?? '',
    redirect_uri: redirectUri,
    client_id: 'regulars-web',
    code_verifier: verifier,
  });
  const { access_token: token } = (await (await fetch(`${issuer}/token`, { method: 'POST', body })).json()) as {
    access_token: string;
  };
  return token;
}

describe('Signing in locally', () => {
  it('[O4] gives a machine of every role a token of its own, for our API', async () => {
    const tokens = await tokensFrom(issuer, clientSecret);
    for (const role of ROLES) {
      expect(claimsIn(tokens[role])).toMatchObject({ iss: issuer, aud: 'regulars', sub: role, client_id: role });
      expect(claimsIn(tokens[role]).roles).toEqual([role]);
    }
  });

  it('[O4] gives a person a token by the code flow with PKCE', async () => {
    const claims = claimsIn(await signInAs('auditor'));
    expect(claims).toMatchObject({ iss: issuer, aud: 'regulars', sub: 'auditor', roles: ['auditor'] });
    expect(claims.client_id).toBe('regulars-web');
    expect(claims).not.toHaveProperty('stores');
  });

  it('[O4] tells of people who work in a store which one it is', async () => {
    for (const role of ['cashier', 'store-manager']) {
      expect(claimsIn(await signInAs(role))).toMatchObject({ roles: [role], stores: ['SH-BUND'] });
    }
  });
});
