import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './schema.js';

export { type Patience, patientFetch } from './patience.js';
export type { components, operations, paths } from './schema.js';

/** Bodies and answers by the names that the reference gives them: `Schemas['Purchase']`. */
export type Schemas = components['schemas'];

/** A problem document (RFC 9457), which every refusal is. */
export type Problem = Schemas['Problem'];

/** The platform's HTTP API, typed by its own OpenAPI document. */
export type RegularsClient = Client<paths>;

/**
 * A client for one caller (requirement O6).
 *
 * @param url where the gateway answers, without a path
 * @param bearer the key of a till, or an access token
 * @param fetch how requests are sent; `patientFetch()` repeats what may be repeated
 */
export function regularsClient(
  url: string,
  bearer: string,
  fetch: (request: Request) => Promise<Response> = globalThis.fetch,
): RegularsClient {
  return createClient<paths>({ baseUrl: url, headers: { authorization: `Bearer ${bearer}` }, fetch });
}
