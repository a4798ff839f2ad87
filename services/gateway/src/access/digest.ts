import { hash, timingSafeEqual } from 'node:crypto';
import { parseDictionary } from 'structured-headers';

const algorithms = { 'sha-256': 'sha256', 'sha-512': 'sha512' } as const;

/** A digest that was told of a body. */
export interface SignedDigest {
  readonly algorithm: (typeof algorithms)[keyof typeof algorithms];
  readonly bytes: Buffer;
}

/** The digests in a Content-Digest header (RFC 9530) that we can reckon; undefined when there is none. */
export function digestsIn(header: string | string[] | undefined): SignedDigest[] | undefined {
  if (typeof header !== 'string') return undefined;
  try {
    const told = parseDictionary(header);
    const digests = Object.entries(algorithms).flatMap(([name, algorithm]) => {
      const [value] = told.get(name) ?? [];
      return value instanceof ArrayBuffer ? [{ algorithm, bytes: Buffer.from(value) }] : [];
    });
    return digests.length > 0 ? digests : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a body is the one that every digest was made of. */
export function isDigested(body: Buffer, digests: readonly SignedDigest[]): boolean {
  return digests.every(({ algorithm, bytes }) => {
    const own = hash(algorithm, body, 'buffer');
    return own.length === bytes.length && timingSafeEqual(own, bytes);
  });
}
