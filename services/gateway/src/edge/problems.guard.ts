import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { RpcFailure, traceIdOf } from '@regulars/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { idempotencyKeyFault, Malformed } from './faults.js';
import { Methods } from './methods.js';
import { malformed, type Problem, problem, problemDocument, problemOf, Refused } from './problems.js';

/** How a till signs (RFC 9421, 5.1). */
const WANTED_SIGNATURE =
  'sig=("@method" "@path" "@query" "content-digest" "idempotency-key");created;keyid;alg="ed25519"';

/** Answers with a problem document (RFC 9457). */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, why: Problem): void {
  if (why.retryAfterS) void reply.header('retry-after', why.retryAfterS);
  if (why.status === 405) void reply.header('allow', why.allowed?.join(', '));
  if (why.status === 401) void reply.header('www-authenticate', 'Bearer realm="regulars"');
  if (why.code.startsWith('SIGNATURE_')) void reply.header('accept-signature', WANTED_SIGNATURE);
  void reply
    .code(why.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(problemDocument(why, traceIdOf(request.traceparent)));
}

/** Turns whatever is thrown on the way through the gateway into a problem document; defects are logged once, here. */
@Catch()
export class ProblemAnswers implements ExceptionFilter {
  /** The methods of every path, for who calls one that there is by a method that it has not. */
  readonly methods = new Methods();

  constructor(private readonly log: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  /** Answers what was thrown. */
  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const why = problemIn(error, request);
    const allowed = why.code === 'ROUTE_UNKNOWN' ? this.methods.of(request.url.split('?')[0] ?? '') : [];
    // A path that has this very method does not fit it by what stands in its places.
    const isOther = allowed.length > 0 && !allowed.includes(request.method);
    this.tell(isOther ? problem('METHOD_NOT_ALLOWED', { allowed }) : why, error, request, reply);
  }

  /** Answers a problem, and logs it where somebody has to look at it. */
  tell(why: Problem, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    this.note(why, error, request);
    if (!reply.sent) sendProblem(request, reply, why);
  }

  /** Logs what somebody has to look at: defects with their error, outages without. */
  note(why: Problem, error: unknown, request: FastifyRequest): void {
    const where = { route: request.routeOptions.url, code: why.code, traceId: traceIdOf(request.traceparent) };
    if (why.status === 500) this.log.error({ ...where, err: error }, 'defect');
    else if (why.status === 503) this.log.warn({ ...where, detail: messageOf(error) }, 'not done');
  }
}

/** What an error means for the caller. */
export function problemIn(error: unknown, request: FastifyRequest): Problem {
  if (error instanceof Refused) return error.problem;
  if (error instanceof Malformed) return malformed(withKeyFault(error, request));
  if (error instanceof RpcFailure) return problemOf(error);
  const cause = error instanceof HttpException ? (error.cause ?? error) : error;
  return problemOfServer(cause);
}

/** A body that is malformed is told together with a missing key: all faults at once. */
function withKeyFault(error: Malformed, request: FastifyRequest): Malformed {
  const fault = request.method === 'POST' ? idempotencyKeyFault(request.headers['idempotency-key']) : undefined;
  if (!fault || error.faults.some((each) => each.pointer === fault.pointer)) return error;
  return new Malformed([...error.faults, fault]);
}

/** What Fastify and Nest refuse by themselves. */
function problemOfServer(cause: unknown): Problem {
  const { code, statusCode } = cause as { code?: string; statusCode?: number };
  if (cause instanceof HttpException && cause.getStatus() === 404) return problem('ROUTE_UNKNOWN');
  if (statusCode === 413) return problem('BODY_TOO_LARGE');
  if (statusCode === 415) return problem('MEDIA_TYPE_NOT_SUPPORTED');
  if (code === 'FST_ERR_BAD_URL' || statusCode === 414) return problem('ROUTE_UNKNOWN');
  if (cause instanceof SyntaxError || code?.startsWith('FST_ERR_CTP_')) return problem('MALFORMED_JSON');
  if (statusCode === 400) return problem('MALFORMED_JSON');
  return problem('INTERNAL');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'no error';
}
