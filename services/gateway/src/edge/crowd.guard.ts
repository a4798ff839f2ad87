import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { traceIdOf, traceparentOf } from '@regulars/service';
import type { FastifyInstance } from 'fastify';
import { Counter } from 'prom-client';
import { permissionOf, routeName } from '../access/permissions.js';
import { isDraining } from '../operation/drain.ops.js';
import { Crowd, givesWay, PURCHASES, type Urgency, urgencyOf } from './crowd.js';
import { timeRefusal } from './observe.ops.js';
import { sendProblem } from './problems.guard.js';
import { problem, problemDocument } from './problems.js';

const LOOK_MS = 25;
/** Of the lateness that was seen, so much is remembered at the next look. */
const REMEMBERED = 0.96;

declare module 'fastify' {
  interface FastifyContextConfig {
    urgency?: Urgency;
  }
  interface FastifyRequest {
    /** It was let in, and counts until it is answered. */
    isInHand: boolean;
  }
}

const refused = new Counter({
  name: 'gateway_refused_early_total',
  help: 'Requests that were refused before anything of them was read, by urgency',
  labelNames: ['urgency'],
});

/**
 * Refuses early under overload: before a caller is known and a body is read, because a refusal that costs as much as
 * the work comes as late. Purchases go first, then other writes at a till, reads, and bulk last.
 *
 * Purchases are refused at the door, before Fastify sees them: at five times what can be served four of five requests
 * are refused, and routing, hooks and headers of each would take the CPU that the fifth needs.
 */
export function refuseEarly(server: FastifyInstance): void {
  const crowd = new Crowd();
  const lag = watchLag();
  const letInAtDoor = new WeakSet<IncomingMessage>();
  let inHand = 0;
  const letIn = () => crowd.letIn(performance.now(), lag.ms);
  atTheDoor(server.server, (request, response) => {
    if (!isPurchase(request)) return true;
    if (!letIn()) {
      refuseAtDoor(request, response);
      return false;
    }
    letInAtDoor.add(request);
    return true;
  });
  server.decorateRequest('isInHand', false);
  server.addHook('onRoute', (route) => {
    const method = String([route.method].flat()[0]);
    const permission = permissionOf(method, route.url);
    const urgency = permission.public ? undefined : urgencyOf(method, routeName(route.url), permission.tills);
    route.config = { ...route.config, ...(urgency && { urgency }) };
  });
  server.addHook('onRequest', (request, reply, done) => {
    const { urgency } = request.routeOptions.config;
    if (urgency === undefined) {
      done();
      return;
    }
    request.isInHand =
      urgency === 'purchase' ? letInAtDoor.has(request.raw) || letIn() : !givesWay(urgency, lag.ms, inHand);
    if (request.isInHand) {
      inHand += 1;
      done();
      return;
    }
    refused.inc({ urgency });
    sendProblem(request, reply, problem('OVERLOADED'));
  });
  server.addHook('onResponse', (request, _reply, done) => {
    if (request.isInHand) {
      inHand -= 1;
      if (request.routeOptions.config.urgency === 'purchase') crowd.answer(performance.now());
    }
    done();
  });
  server.addHook('onClose', (_server, done) => {
    lag.stop();
    done();
  });
}

/** Puts a look at each request before all that the server does with it; what it answers false to, it has answered. */
function atTheDoor(server: FastifyInstance['server'], look: (...of: Parameters<RequestListener>) => boolean): void {
  const [serve] = server.listeners('request') as [RequestListener];
  server.off('request', serve);
  server.on('request', (request, response) => {
    if (look(request, response)) serve(request, response);
  });
}

function isPurchase({ method, url = '' }: IncomingMessage): boolean {
  if (method !== 'POST') return false;
  return PURCHASES.some((path) => url.startsWith(path) && (url.length === path.length || url[path.length] === '?'));
}

function refuseAtDoor(request: IncomingMessage, response: ServerResponse): void {
  const { traceparent } = request.headers;
  const traceId = traceIdOf(traceparentOf(typeof traceparent === 'string' ? traceparent : undefined));
  refused.inc({ urgency: 'purchase' });
  timeRefusal(request);
  const body = JSON.stringify(problemDocument(problem('OVERLOADED'), traceId));
  response.writeHead(429, {
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
    'x-trace-id': traceId,
    ...(isDraining() && { connection: 'close' }),
  });
  response.end(body);
}

/** How late the event loop was of late, which is how late everything of this process is. */
function watchLag(): { readonly ms: number; forget(): void; stop(): void } {
  let lastMs = performance.now();
  let ms = 0;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    ms = Math.max(nowMs - lastMs - LOOK_MS, ms * REMEMBERED);
    lastMs = nowMs;
  }, LOOK_MS).unref();
  return {
    get ms() {
      return ms;
    },
    forget: () => {
      [ms, lastMs] = [0, performance.now()];
    },
    stop: () => clearInterval(timer),
  };
}
