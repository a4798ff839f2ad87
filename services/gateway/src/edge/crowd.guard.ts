import type { FastifyInstance } from 'fastify';
import { Counter } from 'prom-client';
import { permissionOf, routeName } from '../access/permissions.js';
import { Crowd, givesWay, type Urgency, urgencyOf } from './crowd.js';
import { sendProblem } from './problems.guard.js';
import { problem } from './problems.js';

const LOOK_MS = 25;
/** Of the lateness that was seen, so much is remembered at the next look. */
const REMEMBERED = 0.8;

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
 */
export function refuseEarly(server: FastifyInstance): void {
  const crowd = new Crowd();
  const lag = watchLag();
  let inHand = 0;
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
      urgency === 'purchase' ? crowd.letIn(performance.now(), lag.ms) : !givesWay(urgency, lag.ms, inHand);
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
  // How late the start made everything says nothing about the requests that come.
  server.addHook('onListen', (done) => {
    lag.forget();
    done();
  });
  server.addHook('onClose', (_server, done) => {
    lag.stop();
    done();
  });
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
