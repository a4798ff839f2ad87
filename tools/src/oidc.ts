import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import Provider, { type Configuration, type JWK } from 'oidc-provider';
import { html, page } from './page.js';
import { ROLES } from './roles.js';
import { STORES } from './seed.js';

/** The API that tokens are for, by the name that OAuth wants for it; `aud` in the token is `regulars`. */
const RESOURCE = 'urn:regulars:api';
const HALF_A_DAY_S = 12 * 60 * 60;

/**
 * The local OpenID Connect server: an account per role to sign in with (code flow, client `regulars-web`), and a client
 * per role that gets a token for itself (client credentials). Access tokens are ES256 JWTs with audience `regulars` and
 * the claims `roles` and, for people of one store, `stores`. For development only: whoever reaches it may become anyone.
 * `HOST` and `ISSUER` are told where it is reached from elsewhere than this machine.
 */
function main(): void {
  const port = Number(process.env.PORT);
  const host = process.env.HOST ?? '127.0.0.1';
  const issuer = process.env.ISSUER ?? `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, configuration());
  const answer = provider.callback();
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/sign-in/')) {
      signIn(provider, request, response).catch((error: unknown) => {
        response.writeHead(400, { 'content-type': 'text/plain' }).end(String(error));
      });
    } else {
      void answer(request, response);
    }
  });
  server.listen(port, host);
  process.once('SIGTERM', () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}

function configuration(): Configuration {
  const secret = process.env.OIDC_CLIENT_SECRET;
  return {
    jwks: { keys: [JSON.parse(process.env.OIDC_KEY ?? '') as JWK] },
    cookies: { keys: [secret ?? ''] },
    clients: [
      {
        client_id: 'regulars-web',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        id_token_signed_response_alg: 'ES256',
        redirect_uris: ['http://127.0.0.1/signed-in', 'http://localhost/signed-in'],
      },
      ...ROLES.map((role) => ({
        client_id: role,
        client_secret: secret,
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        id_token_signed_response_alg: 'ES256' as const,
      })),
    ],
    findAccount: (_ctx, role) => ({
      accountId: role,
      claims: () => ({ sub: role, name: role, ...claimsOf(role) }),
    }),
    extraTokenClaims: (_ctx, token) => claimsOf('accountId' in token ? token.accountId : token.clientId),
    claims: { openid: ['sub'], profile: ['name', 'roles', 'stores'] },
    ttl: {
      Session: HALF_A_DAY_S,
      Interaction: HALF_A_DAY_S,
      Grant: HALF_A_DAY_S,
      IdToken: HALF_A_DAY_S,
      AccessToken: HALF_A_DAY_S,
      ClientCredentials: HALF_A_DAY_S,
    },
    interactions: { url: (_ctx, interaction) => `/sign-in/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: '',
          audience: 'regulars',
          accessTokenFormat: 'jwt',
          accessTokenTTL: HALF_A_DAY_S,
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  };
}

/** Those who work in a store work in the first of the small chain; claims name it by its code, as directories do. */
function claimsOf(role: string | undefined): { roles: string[]; stores?: string[] } {
  const roles = role === undefined ? [] : [role];
  return role === 'cashier' || role === 'store-manager' ? { roles, stores: [STORES[0].code] } : { roles };
}

async function signIn(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { uid, prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === 'consent') {
    // Nobody is asked: the only client is the platform's own.
    const grant = new provider.Grant({ clientId: String(params.client_id), accountId: session?.accountId });
    grant.addOIDCScope('openid profile');
    const consent = { grantId: await grant.save() };
    await provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
    return;
  }
  const url = new URL(request.url ?? '/', 'http://localhost');
  const role = ROLES.find((each) => each === url.searchParams.get('as'));
  if (role) {
    await provider.interactionFinished(request, response, { login: { accountId: role } });
    return;
  }
  const links = ROLES.map((each) => html`<li><a href="/sign-in/${uid}?as=${each}">${each}</a></li>`);
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
  response.end(
    page(
      'Sign in · 登录',
      html`<p>Accounts of this development server, one per role · 每个角色一个账号：</p><ul>${links}</ul>`,
    ),
  );
}

main();
