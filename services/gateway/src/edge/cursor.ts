import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

const SIGNATURE_BYTES = 16;

/** The key with which this installation signs cursors, the same on every gateway; made from the gateway's own secret. */
export function cursorKey(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'regulars cursors', 32));
}

/** A cursor of an owner as callers see it: good for the same list and caller only, and not to be made up. */
export function signCursor(cursor: string, list: string, key: Buffer): string {
  return `${cursor}.${signatureOf(cursor, list, key).toString('base64url')}`;
}

/** The owner's cursor in one that was signed; undefined for one that we never gave for this list. */
export function openCursor(signed: string, list: string, key: Buffer): string | undefined {
  const [, cursor = '', signature = ''] = /^(.*)\.([\w-]+)$/s.exec(signed) ?? [];
  const told = Buffer.from(signature, 'base64url');
  const right = signatureOf(cursor, list, key);
  return told.length === right.length && timingSafeEqual(told, right) ? cursor : undefined;
}

function signatureOf(cursor: string, list: string, key: Buffer): Buffer {
  return createHmac('sha256', key).update(`${list}\n${cursor}`).digest().subarray(0, SIGNATURE_BYTES);
}
