import { createHash } from 'node:crypto';

/** A till changes its key without a pause: the new one lives beside the old one until that is revoked (requirement O4). */
export const mostLiveKeys = 2;

/**
 * The secret that a till sends as its bearer: it names its till, so that a lost key is known by sight.
 *
 * @param random 32 bytes
 * @returns `rtk_<till id without dashes>_<43 url-safe characters>`
 */
export function tillSecret(tillId: string, random: Buffer): string {
  return `rtk_${tillId.replaceAll('-', '')}_${random.toString('base64url')}`;
}

/** All that is kept of a secret. It has 256 random bits, so that a plain hash cannot be searched. */
export function hashOf(secret: string | Buffer): Buffer {
  return createHash('sha256').update(secret).digest();
}
