import { createHash } from 'node:crypto';

/** The hash before the first link of a chain. */
export const chainBegins: Buffer = Buffer.alloc(0);

/**
 * The hash of a link: SHA-256 over the hash before it and what it holds. Nothing can be changed, taken out or put in
 * between without another hash at every later link. The function `configuration_hash` of the database reckons the same.
 */
export function chained(previous: Buffer, content: string): Buffer {
  return createHash('sha256')
    .update(`${previous.toString('hex')}\n${content}`)
    .digest();
}
