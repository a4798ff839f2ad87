import { applyDecorators } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Malformed } from './faults.js';
import { problem, Refused } from './problems.js';

/**
 * Documents the header that says which version is replaced. Where a route took writes without it in a release before, it
 * is not required: what callers send may only be taken more widely.
 */
export function IfMatchHeader({ required } = { required: true }): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'If-Match',
      required,
      description: 'The ETag that was read: what was changed since is not written over',
      schema: { type: 'string', pattern: '^"\\d{1,15}"$', examples: ['"3"'] },
    }),
  );
}

/** The version in an If-Match header. @throws Refused when there is none, Malformed when it is no ETag of ours */
export function versionOf(ifMatch: string | undefined): number {
  if (ifMatch === undefined) throw new Refused(problem('IF_MATCH_NEEDED'));
  const [, version] = /^"(\d{1,15})"$/.exec(ifMatch) ?? [];
  if (version === undefined) {
    throw new Malformed([{ pointer: '/headers/if-match', message: 'Expected the ETag that was read, such as "3"' }]);
  }
  return Number(version);
}

/** Tells the version of what is answered. */
export function tellVersion(reply: FastifyReply, version: number): void {
  void reply.header('etag', `"${version}"`);
}
