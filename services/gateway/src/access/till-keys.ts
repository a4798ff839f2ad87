import { hash, timingSafeEqual } from 'node:crypto';

const format = /^rtk_([0-9a-f]{32})_[A-Za-z0-9_-]{43}$/;

/** The id of the till, without dashes, that a key claims to be of; undefined when it is no till key. */
export function claimedTill(key: string): string | undefined {
  return format.exec(key)?.[1];
}

/** A till id as keys spell it. */
export function withoutDashes(tillId: string): string {
  return tillId.replaceAll('-', '').toLowerCase();
}

/** Whether a key is one of those whose SHA-256 is known; takes as long for a wrong one as for a right one. */
export function isOneOf(key: string, known: readonly Uint8Array[]): boolean {
  const presented = hash('sha256', key, 'buffer');
  let found = false;
  for (const sha256 of known) {
    if (sha256.length === presented.length && timingSafeEqual(sha256, presented)) found = true;
  }
  return found;
}
