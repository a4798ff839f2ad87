import { processSettings } from '@regulars/service';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const address = z.string().regex(/^(\[[^\]]+\]|[^:\s]+):\d+$|^(dns|ipv4|ipv6):\S+$/, 'host:port is expected');

function isOrigin(value: string): boolean {
  return URL.canParse(value) && new URL(value).origin === value;
}

const perSecond = z.coerce.number().int().min(1);

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
  /** Calls a second that a till may make for long, over all gateways; twice as many at once. */
  LIMIT_TILL_PER_S: perSecond.default(100),
  /** The same of a person or a machine. */
  LIMIT_PERSON_PER_S: perSecond.default(100),
  /** The same of an address, whoever calls from it; no limit where it is not set. */
  LIMIT_ADDRESS_PER_S: perSecond.optional(),
  /** Origins whose pages may call from a browser, comma separated, such as https://desk.example.com; none by default. */
  CORS_ORIGINS: z
    .string()
    .default('')
    .transform((value) => value.split(',').map((each) => each.trim()))
    .transform((origins) => origins.filter((each) => each !== ''))
    .pipe(z.array(z.string().refine(isOrigin, 'an origin such as https://desk.example.com'))),
  /** Addresses or networks of proxies, comma separated, whose X-Forwarded-For is believed. */
  TRUSTED_PROXIES: z
    .string()
    .transform((value) => value.split(',').map((each) => each.trim()))
    .optional(),
});

/** Token under which the log of the process is injected. */
export const LOG = Symbol('log');

export type GatewaySettings = Readonly<z.output<typeof gatewaySettings>>;
