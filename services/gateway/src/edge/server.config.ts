import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { DynamicModule, SecurityHeadersOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { NestLogger, SETTINGS, traceIdOf, traceparentOf } from '@regulars/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { AccessGuard } from '../access/access.guard.js';
import { permissionOf } from '../access/permissions.js';
import { verifySignedBodies } from '../access/signed-body.guard.js';
import type { GatewaySettings } from '../gateway.config.js';
import { limitAddresses, limitCallers, noteLimitShares } from '../limits/limits.guard.js';
import { Limits } from '../limits/limits.service.js';
import { isDraining } from '../operation/drain.ops.js';
import { allowOrigins } from './cors.guard.js';
import { refuseEarly } from './crowd.guard.js';
import { signCursors } from './cursor.guard.js';
import { markDryRuns } from './dry-run.guard.js';
import { InputPipe } from './input.guard.js';
import { observeRequests } from './observe.ops.js';
import { ProblemAnswers, sendProblem } from './problems.guard.js';
import { problem, problemDocument } from './problems.js';
import { serveReference } from './reference-page.config.js';

export const MOST_BODY_BYTES = 256 * 1024;

/** Connections that wait to be accepted: with fewer, whoever comes in a rush is not even refused before a second. */
export const MOST_ARRIVING = 4_096;

/** The whole request has to be there after this; long enough for a full offline batch on a slow line. */
const REQUEST_TIMEOUT_MS = 60_000;

/** Longer than load balancers keep theirs, so that it is them who close. */
const KEEP_ALIVE_MS = 75_000;

/** Those that browsers of today heed; plain HTTP stays plain, for a platform on one's own machine. */
const securityHeaders: SecurityHeadersOptions = {
  contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
};

/** The HTTP server of the gateway, ready to listen. @throws for a route without a row in the permission table */
export async function createServer(
  module: DynamicModule,
  log: Logger,
  trustedProxies?: string[],
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    skipMiddie: true,
    bodyLimit: MOST_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    return503OnClosing: false,
    exposeHeadRoutes: false,
    ...(trustedProxies && { trustProxy: trustedProxies }),
    frameworkErrors: (_error: Error, request: FastifyRequest, reply: FastifyReply) => {
      request.traceparent = traceparentOf(undefined);
      sendProblem(request, reply, problem('ROUTE_UNKNOWN'));
    },
    clientErrorHandler: refuseNonsense,
  });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    bodyParser: false,
    logger: new NestLogger(log),
  });
  const problems = app.get(ProblemAnswers);
  app.useGlobalPipes(new InputPipe());
  app.useGlobalFilters(problems);
  app.useSecurityHeaders(securityHeaders);
  guard(adapter.getInstance<FastifyInstance>(), app, log);
  serveReference(app);
  return app;
}

/** Who calls and whether they may, before anything else of a request is looked at. */
function guard(server: FastifyInstance, app: NestFastifyApplication, log: Logger): void {
  const [access, problems, limits] = [app.get(AccessGuard), app.get(ProblemAnswers), app.get(Limits)];
  const settings = app.get<GatewaySettings>(SETTINGS);
  server.removeContentTypeParser('text/plain');
  server.addContentTypeParser(['application/x-ndjson', 'text/csv'], streamOnly);
  server.decorateRequest('caller', null);
  server.decorateRequest('traceparent', '');
  server.addHook('onRoute', (route) => {
    const [method] = [route.method].flat();
    problems.methods.add({ method: String(method), path: route.url });
    route.config = { ...route.config, permission: permissionOf(String(method), route.url) };
  });
  noteLimitShares(server);
  observeRequests(server, log);
  server.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-trace-id', traceIdOf(request.traceparent));
    if (isDraining()) void reply.header('connection', 'close');
    done();
  });
  allowOrigins(server, settings.CORS_ORIGINS);
  refuseEarly(server);
  limitAddresses(server, limits, settings);
  server.addHook('onRequest', (request, reply, done) => {
    access.admit(request, (refused) => {
      if (refused === undefined || refused instanceof Error) done(refused);
      else problems.tell(refused, undefined, request, reply);
    });
  });
  limitCallers(server, limits, settings);
  verifySignedBodies(server, MOST_BODY_BYTES);
  markDryRuns(server);
  signCursors(server, settings.PRINCIPAL_PRIVATE_KEY, problems);
}

/** Offline batches of tills, and files with members or what they bring along. */
const takesStreams = /::batch$|^\/v1\/(imports|openings)\/:\w+(\([^)]*\))?\/file$/;

/** Lines are read while they come, by the routes that take them. */
function streamOnly(
  request: FastifyRequest,
  body: IncomingMessage,
  done: (error: Error | null, body?: unknown) => void,
) {
  if (takesStreams.test(request.routeOptions.url ?? '')) done(null, body);
  else done(Object.assign(new Error('not a batch'), { statusCode: 415 }));
}

/** What is not even HTTP is answered in the same form as everything else. */
function refuseNonsense(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const traceId = traceIdOf(traceparentOf(undefined));
  const body = JSON.stringify(problemDocument(problem('MALFORMED'), traceId));
  socket.end(
    `HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
