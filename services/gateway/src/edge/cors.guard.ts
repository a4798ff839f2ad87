import type { FastifyInstance } from 'fastify';

const METHODS = 'GET, POST, PUT, DELETE';
const SENT = 'Authorization, Content-Type, Idempotency-Key, If-Match, traceparent';
const READ = 'Date, ETag, Idempotency-Replayed, Dry-Run, Retry-After, X-Trace-Id';
const KEPT_S = 600;

/**
 * Lets pages of these origins call from a browser (CORS), before anything is refused, so that they can read refusals too.
 * No cookie is ever taken: callers bring their bearer.
 */
export function allowOrigins(server: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  const allowed = new Set(origins);
  server.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers;
    void reply.header('vary', 'Origin');
    if (origin === undefined || !allowed.has(origin)) {
      done();
      return;
    }
    void reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', READ);
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) {
      done();
      return;
    }
    void reply
      .code(204)
      .header('access-control-allow-methods', METHODS)
      .header('access-control-allow-headers', SENT)
      .header('access-control-max-age', KEPT_S)
      .send();
  });
}
