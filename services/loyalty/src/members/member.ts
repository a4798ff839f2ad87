/** What loyalty knows of a member: ids only. */
export interface KnownMember {
  readonly memberId: string;
  readonly number: string;
  readonly codeTokenSha256: Uint8Array;
  readonly language: string;
  readonly registeredAt: Date;
}
