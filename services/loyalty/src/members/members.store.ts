import type { EntityManager } from 'typeorm';
import type { KnownMember } from './member.js';

/** Inserts members that are not there yet, gone when they were erased before this was heard. Safe to repeat. */
export async function keepMembers(tx: EntityManager, members: readonly KnownMember[]): Promise<void> {
  await tx.query(
    `INSERT INTO member (member_id, number, code_token_sha256, language, registered_at, gone_at)
     SELECT member_id, number, code_token_sha256, language, registered_at,
       (SELECT erased_at FROM erased_member e WHERE e.member_id = m.member_id)
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
