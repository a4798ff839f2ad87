import type { EntityManager } from 'typeorm';

/** What loyalty knows of a member: ids only. */
export interface MemberRow {
  readonly memberId: string;
  readonly number: string;
  readonly codeTokenSha256: Uint8Array;
  readonly language: string;
  readonly registeredAt: Date;
}

/** Inserts members that are not there yet. Safe to repeat. */
export async function keepMembers(tx: EntityManager, members: readonly MemberRow[]): Promise<void> {
  await tx.query(
    `INSERT INTO member (member_id, number, code_token_sha256, language, registered_at)
     SELECT member_id, number, code_token_sha256, language, registered_at
     FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[], $5::timestamptz[])
       AS m (member_id, number, code_token_sha256, language, registered_at)
     ON CONFLICT (member_id) DO NOTHING`,
    [
      members.map((member) => member.memberId),
      members.map((member) => member.number),
      members.map((member) => Buffer.from(member.codeTokenSha256)),
      members.map((member) => member.language),
      members.map((member) => member.registeredAt.toISOString()),
    ],
  );
}
