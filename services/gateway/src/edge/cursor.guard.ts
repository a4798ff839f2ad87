import type { FastifyInstance, FastifyRequest } from 'fastify';
import { callerOf } from '../access/call.guard.js';
import { cursorKey, openCursor, signCursor } from './cursor.js';
import { Malformed } from './faults.js';
import type { ProblemAnswers } from './problems.guard.js';

/** Signs every `nextCursor` that leaves, and opens every `cursor` that comes back, whichever list it is of. */
export function signCursors(server: FastifyInstance, secret: string, problems: ProblemAnswers): void {
  const key = cursorKey(secret);
  server.addHook('preHandler', (request, reply, done) => {
    const query = request.query as { cursor?: unknown } | undefined;
    if (typeof query?.cursor === 'string' && request.caller) {
      const cursor = openCursor(query.cursor, listOf(request), key);
      if (cursor === undefined) {
        const fault = { pointer: '/query/cursor', message: 'The nextCursor of a page before is expected' };
        problems.answer(new Malformed([fault]), request, reply);
        return;
      }
      query.cursor = cursor;
    }
    done();
  });
  server.addHook('preSerialization', (request, _reply, payload, done) => {
    const page = payload as { nextCursor?: unknown } | null;
    if (typeof page?.nextCursor !== 'string' || page.nextCursor === '') done(null, payload);
    else done(null, { ...page, nextCursor: signCursor(page.nextCursor, listOf(request), key) });
  });
}

/** Whose list it is, and which; limits and filters may change from page to page. */
function listOf(request: FastifyRequest): string {
  return `${callerOf(request).principal.sub} ${request.routeOptions.url} ${JSON.stringify(request.params)}`;
}
