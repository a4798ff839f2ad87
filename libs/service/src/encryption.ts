import { type CipherKey, createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const algorithm = 'aes-256-gcm';
const nonceLength = 12;
const tagLength = 16;

/** A value that does not open: another key, another place, or changed bytes. */
export class CannotOpen extends Error {
  constructor(place: string) {
    super(`what stands in ${place} does not open with this key`);
    this.name = 'CannotOpen';
  }
}

/** A new 256-bit data key. */
export function newDataKey(): Buffer {
  return randomBytes(32);
}

/**
 * Encrypts a value for one place (architecture: "Personal data"): AES-256-GCM, random nonce, the place as additional
 * data, so that a ciphertext copied to another row or column does not open.
 *
 * @param key 32 bytes; as a KeyObject, which costs a quarter, where it is used more than once
 * @param place `table.column:row`
 * @returns nonce, ciphertext and tag in one piece
 */
export function seal(key: CipherKey, place: string, clear: string | Buffer): Buffer {
  const nonce = randomBytes(nonceLength);
  const cipher = createCipheriv(algorithm, key, nonce);
  cipher.setAAD(Buffer.from(place));
  return Buffer.concat([nonce, cipher.update(clear), cipher.final(), cipher.getAuthTag()]);
}

/** Decrypts what `seal` made for the same key and place. @throws CannotOpen */
export function open(key: CipherKey, place: string, sealed: Buffer): Buffer {
  if (sealed.length < nonceLength + tagLength) throw new CannotOpen(place);
  const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, nonceLength));
  decipher.setAAD(Buffer.from(place));
  decipher.setAuthTag(sealed.subarray(sealed.length - tagLength));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(nonceLength, sealed.length - tagLength)), decipher.final()]);
  } catch {
    throw new CannotOpen(place);
  }
}
