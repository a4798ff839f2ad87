import type { EntityManager } from 'typeorm';

export async function recordsOf(tx: EntityManager, memberIds: readonly string[]): Promise<object[]> {
  const rows = await tx.query<{ record: object }[]>(
    `SELECT json_build_object('kind', 'message', 'messageId', message_id, 'template', template, 'channel', channel,
       'state', state, 'createdAt', created_at, 'sentAt', sent_at) AS record
     FROM message WHERE member_id = ANY ($1::uuid[]) ORDER BY message_id`,
    [memberIds],
  );
  return rows.map(({ record }) => record);
}

/** Safe to repeat. @returns how many rows it touched */
export async function forgetMember(tx: EntityManager, memberId: string): Promise<number> {
  const [waiting] = await tx.query<[unknown[], number]>(
    `DELETE FROM message WHERE member_id = $1 AND state = 'WAITING' RETURNING 1`,
    [memberId],
  );
  const [sent] = await tx.query<[unknown[], number]>(
    `UPDATE message SET variables = '{}' WHERE member_id = $1 AND variables <> '{}' RETURNING 1`,
    [memberId],
  );
  await tx.query('DELETE FROM recipient WHERE member_id = $1', [memberId]);
  return waiting.length + sent.length;
}

/** Ends waiting messages of some templates. Safe to repeat. @returns how many */
export async function withholdWaiting(
  tx: EntityManager,
  memberId: string,
  templates: readonly string[],
): Promise<number> {
  const [rows] = await tx.query<[unknown[], number]>(
    `UPDATE message SET state = 'SUPPRESSED', reason = 'RESTRICTED', lease_token = NULL
     WHERE member_id = $1 AND state = 'WAITING' AND template = ANY ($2::text[]) RETURNING 1`,
    [memberId, templates],
  );
  return rows.length;
}
