import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { problem, Refused } from '../edge/problems.js';
import { isDigested, type SignedDigest } from './digest.js';

/** A signed batch is read whole before its first line counts: a full one has about 600 KiB. */
const MOST_BATCH_BYTES = 4 * 1024 * 1024;

declare module 'fastify' {
  interface FastifyRequest {
    /** Digests of the body that the caller signed; null when it did not sign, empty where there is no body. */
    signedDigests: readonly SignedDigest[] | null;
  }
}

/** Lets the body of a signed request in only when it is the one whose digest was signed (RFC 9530, requirement O4). */
export function verifySignedBodies(server: FastifyInstance, mostBytes: number): void {
  server.decorateRequest('signedDigests', null);
  server.addHook('preParsing', async (request, _reply, payload) => {
    const { signedDigests } = request;
    if (!signedDigests?.length) return payload;
    const isBatch = request.routeOptions.url?.endsWith('::batch');
    const body = await wholeOf(payload, isBatch ? MOST_BATCH_BYTES : mostBytes);
    if (!isDigested(body, signedDigests)) throw new Refused(problem('DIGEST_WRONG'));
    return Readable.from([body]);
  });
}

async function wholeOf(payload: AsyncIterable<Buffer | string>, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of payload) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > mostBytes) throw new Refused(problem('BODY_TOO_LARGE'));
    chunks.push(piece);
  }
  return Buffer.concat(chunks);
}
