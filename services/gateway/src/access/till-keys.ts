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

/** The one of these keys that was presented, known by its SHA-256; takes as long for a wrong one as for a right one. */
export function presentedAmong<Key extends { readonly sha256: Uint8Array }>(
  secret: string,
  known: readonly Key[],
): Key | undefined {
  const presented = hash('sha256', secret, 'buffer');
  let found: Key | undefined;
  for (const key of known) {
    if (key.sha256.length === presented.length && timingSafeEqual(key.sha256, presented)) found = key;
  }
  return found;
}
