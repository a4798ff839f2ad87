import type { FastifyReply } from 'fastify';

/** A write that was done before answers the first answer: 200, and says so. */
export function tellReplay(reply: FastifyReply, replayed: boolean): void {
  if (replayed) void reply.code(200).header('idempotency-replayed', 'true');
}
