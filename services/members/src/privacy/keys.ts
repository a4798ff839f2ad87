/** A data key as it is stored: useless without the key-encryption key. */
export interface WrappedKey {
  readonly memberId: string;
  /** Names the key-encryption key without telling it. */
  readonly keyEncryptionKeyId: string;
  readonly wrapped: Buffer;
}
