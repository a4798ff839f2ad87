import type { IncomingMessage } from 'node:http';
import type { Span } from '@opentelemetry/api';
import { spanOf, traceIdOf, traceparentFrom, traceparentOf } from '@regulars/service';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { Histogram } from 'prom-client';
import { routeName } from '../access/permissions.js';

const SLOW_MS = 1_000;

declare module 'fastify' {
  interface FastifyRequest {
    span: Span | null;
  }
}

const seconds = new Histogram({
  name: 'gateway_request_seconds',
  help: 'From the first byte of a request to the end of its answer',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
});

/**
 * Traces, times and logs requests (requirement O2): the caller's trace is continued, a span is made only where it is
 * sampled, and a log line is written only for what is slow or sampled. Never a query or a body.
 */
export function observeRequests(server: FastifyInstance, log: Logger): void {
  server.decorateRequest('span', null);
  server.addHook('onRequest', (request, _reply, done) => {
    const { traceparent } = request.headers;
    request.traceparent = traceparentOf(typeof traceparent === 'string' ? traceparent : undefined);
    if (request.traceparent.endsWith('1')) startSpan(request);
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    const tookMs = reply.elapsedTime;
    timerOf(request, reply.statusCode).observe(tookMs / 1_000);
    if (request.span) {
      request.span.setAttribute('http.response.status_code', reply.statusCode);
      request.span.end();
    }
    if (tookMs > SLOW_MS || request.span) {
      log.info(
        { ...routeOf(request), status: reply.statusCode, tookMs: Math.round(tookMs), ...traceOf(request) },
        'answered',
      );
    }
    done();
  });
}

/** Counts a request that was refused at the door, which took no time to speak of. */
export function timeRefusal({ method = '', url = '' }: IncomingMessage): void {
  seconds.labels(method, url.split('?', 1)[0] ?? '', '429').observe(0);
}

function startSpan(request: FastifyRequest): void {
  const { method, route } = routeOf(request);
  request.span = spanOf(`${method} ${route}`, 'server', request.traceparent, {
    'http.request.method': method,
    'http.route': route,
  });
  if (request.span.isRecording()) request.traceparent = traceparentFrom(request.span);
}

interface Timer {
  observe(seconds: number): void;
}

/** The histogram's child for a route and status, found once. */
const timers = new Map<unknown, Map<number, Timer>>();

function timerOf(request: FastifyRequest, status: number): Timer {
  const { config } = request.routeOptions;
  const ofRoute = timers.get(config) ?? new Map<number, Timer>();
  timers.set(config, ofRoute);
  const known = ofRoute.get(status);
  if (known) return known;
  const { method, route } = routeOf(request);
  const timer = seconds.labels(method, route, String(status));
  ofRoute.set(status, timer);
  return timer;
}

function routeOf(request: FastifyRequest): { method: string; route: string } {
  return { method: request.method, route: routeName(request.routeOptions.url ?? 'unknown') };
}

function traceOf(request: FastifyRequest): { traceId: string } {
  return { traceId: traceIdOf(request.traceparent) };
}
