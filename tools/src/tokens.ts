import { ROLES, type Role } from './roles.js';

/** Asks the OIDC server for an access token per role, by client credentials. */
export async function tokensFrom(issuer: string, clientSecret: string): Promise<Record<Role, string>> {
  const pairs = await Promise.all(
    ROLES.map(async (role) => [role, await tokenFor(role, issuer, clientSecret)] as const),
  );
  return Object.fromEntries(pairs) as Record<Role, string>;
}

async function tokenFor(role: Role, issuer: string, clientSecret: string): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${role}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  if (!response.ok)
    throw new Error(`The OIDC server gave no token for ${role}: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { access_token: string }).access_token;
}
