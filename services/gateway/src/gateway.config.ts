import { processSettings } from '@regulars/service';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const address = z.string().regex(/^(\[[^\]]+\]|[^:\s]+):\d+$|^(dns|ipv4|ipv6):\S+$/, 'host:port is expected');

/** What the gateway reads from its environment besides what every process does. */
export const gatewaySettings = processSettings.extend({
  /** Private JWK with which principals are signed; `kid` is `gateway`. */
  PRINCIPAL_PRIVATE_KEY: z.string().min(1),
  HTTP_PORT: port,
  STORES_ADDR: address,
  MEMBERS_ADDR: address,
  LOYALTY_ADDR: address,
  COMPLAINTS_ADDR: address,
  SURVEYS_ADDR: address,
  NOTIFICATIONS_ADDR: address,
  /** Where people sign in: the issuer of their access tokens. */
  OIDC_ISSUER: z.url(),
  OIDC_AUDIENCE: z.string().min(1).default('regulars'),
  /** The one algorithm with which the issuer signs. */
  OIDC_ALGORITHM: z.enum(['ES256', 'RS256', 'PS256', 'EdDSA']).default('ES256'),
});

/** Token under which the log of the process is injected. */
export const LOG = Symbol('log');

export type GatewaySettings = Readonly<z.output<typeof gatewaySettings>>;
