import { ApiQuery } from '@nestjs/swagger';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Malformed } from './faults.js';

/** Whether a write is only to tell what it would do: `?dryRun=true`. @throws Malformed for another value */
export function wantsDryRun(request: FastifyRequest): boolean {
  const { dryRun } = request.query as { dryRun?: unknown };
  if (dryRun === undefined || dryRun === 'false') return false;
  if (dryRun === 'true') return true;
  throw new Malformed([{ pointer: '/query/dryRun', message: 'Expected true or false' }]);
}

/** A write that cannot be tried without being done is not done for who wants it tried. @throws Malformed */
export function refuseDryRun(request: FastifyRequest): void {
  if (!wantsDryRun(request)) return;
  throw new Malformed([{ pointer: '/query/dryRun', message: 'This cannot be tried without being done' }]);
}

/** Marks what would be answered: 200 and `Dry-Run: true`, for nothing was made. */
export function markDryRuns(server: FastifyInstance): void {
  server.addHook('onSend', (request, reply, _payload, done) => {
    const { dryRun } = request.query as { dryRun?: unknown };
    if (dryRun === 'true' && request.method !== 'GET' && reply.statusCode < 300) {
      void reply.code(200).header('dry-run', 'true');
    }
    done();
  });
}

/** Documents that a write takes dry runs. */
export function DryRunQuery(): MethodDecorator {
  return ApiQuery({
    name: 'dryRun',
    required: false,
    description:
      'true: checks everything and answers what it would lead to, with 200 and `Dry-Run: true`, and writes nothing; ids in the answer are of nobody',
    schema: { type: 'string', enum: ['true', 'false'], default: 'false' },
  });
}
