import { createHash } from 'node:crypto';
import { type Exchange, isTaken } from './exchanges.js';
import type { Finding } from './rules.js';

/** How exactly a till has to take the time that it was told. */
const TOLERANCE_S = 30;

/**
 * A till that signs (RFC 9421) signs every write: method, path, the digest of the body, and the Idempotency-Key where there
 * is one. A till that signs nothing keeps the rule too: its key is enough.
 */
export function signsAllOrNone(all: readonly Exchange[]): Finding {
  const signed = all.filter(({ signatureInput }) => signatureInput !== '');
  if (signed.length === 0) return undefined;
  if (signed.length < all.length) return `${all.length - signed.length} of ${all.length} writes are not signed`;
  for (const exchange of signed) {
    const missing = wantedIn(exchange).filter((name) => !exchange.signatureInput.includes(`"${name}"`));
    if (missing.length > 0) return `a signature does not cover ${missing.join(', ')}`;
    if (!isDigestRight(exchange)) return 'a Content-Digest is not that of the body that was sent';
  }
  return undefined;
}

/** A till whose signature is refused for its time signs again by the time that it was told (`clock.aheadS`). */
export function takesTheTime(seen: readonly Exchange[], aheadS: number): Finding {
  const [first, again] = seen;
  if (!first) return 'nothing was posted';
  if (first.signatureInput === '') return undefined;
  if (!again) return 'it was told the time (SIGNATURE_TIME_OFF) and did not sign again';
  if (again.body !== first.body) return 'it was signed again with another body';
  const movedS = createdOf(first) + (again.atMs - first.atMs) / 1_000 - createdOf(again);
  if (!(Math.abs(movedS - aheadS) <= TOLERANCE_S))
    return `it was told that it is ${aheadS} s ahead, and moved back by ${Math.round(movedS)} s`;
  return seen.some(isTaken) ? undefined : 'it was given up before it was answered';
}

function wantedIn({ idempotencyKey }: Exchange): string[] {
  return ['@method', '@path', 'content-digest', ...(idempotencyKey === '' ? [] : ['idempotency-key'])];
}

function isDigestRight({ digest, body }: Exchange): boolean {
  return (['sha-256', 'sha-512'] as const).some((name) => {
    const own = createHash(name.replace('-', '')).update(body).digest('base64');
    return digest.includes(`${name}=:${own}:`);
  });
}

/** Seconds since 1970; NaN where none is told. */
function createdOf({ signatureInput }: Exchange): number {
  return Number(/;created=(\d+)/.exec(signatureInput)?.[1]);
}
