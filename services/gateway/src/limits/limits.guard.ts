import type { FastifyInstance, FastifyRequest } from 'fastify';
import { routeName } from '../access/permissions.js';
import { sendProblem } from '../edge/problems.guard.js';
import { problem } from '../edge/problems.js';
import type { GatewaySettings } from '../gateway.config.js';
import { shareOf } from './limits.js';
import type { Limits } from './limits.service.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Of a route of which a caller has a share of the own limit only. */
    limitShare?: { readonly route: string; readonly share: number };
  }
}

type PerSecond = Pick<GatewaySettings, 'LIMIT_TILL_PER_S' | 'LIMIT_PERSON_PER_S' | 'LIMIT_ADDRESS_PER_S'>;

/** Notes on each route which share of a caller's limit it has. */
export function noteLimitShares(server: FastifyInstance): void {
  server.addHook('onRoute', (route) => {
    const name = `${String([route.method].flat()[0])} ${routeName(route.url)}`;
    const share = shareOf(name);
    if (share !== undefined) route.config = { ...route.config, limitShare: { route: name, share } };
  });
}

/** Limits addresses before a caller is known, so that nobody tries keys or tokens for long. */
export function limitAddresses(server: FastifyInstance, limits: Limits, settings: PerSecond): void {
  const perSecond = settings.LIMIT_ADDRESS_PER_S;
  if (perSecond === undefined) return;
  server.addHook('onRequest', (request, reply, done) => {
    const waitMs = limits.take(request.ip, perSecond, performance.now());
    if (waitMs === 0) done();
    else sendProblem(request, reply, tooMany(waitMs));
  });
}

/** Limits tills and people once they are known. */
export function limitCallers(server: FastifyInstance, limits: Limits, settings: PerSecond): void {
  server.addHook('onRequest', (request, reply, done) => {
    const waitMs = waitOf(request, limits, settings);
    if (waitMs === 0) done();
    else sendProblem(request, reply, tooMany(waitMs));
  });
}

function waitOf({ caller, routeOptions }: FastifyRequest, limits: Limits, settings: PerSecond): number {
  if (!caller) return 0;
  const { limitShare } = routeOptions.config;
  const nowMs = performance.now();
  const perSecond = caller.till ? settings.LIMIT_TILL_PER_S : settings.LIMIT_PERSON_PER_S;
  const waitMs = limits.take(caller.principal.sub, perSecond, nowMs);
  if (waitMs > 0 || !limitShare) return waitMs;
  return limits.take(`${caller.principal.sub} ${limitShare.route}`, perSecond * limitShare.share, nowMs);
}

function tooMany(waitMs: number) {
  return problem('TOO_MANY_CALLS', { retryAfterS: Math.max(1, Math.ceil(waitMs / 1_000)) });
}
