import type { Page } from '@regulars/service';
import type { EntityManager } from 'typeorm';

/** One reading of clear personal data. */
export interface AccessLogLine {
  readonly at: Date;
  readonly principal: string;
  readonly kind: string;
  readonly roles: readonly string[];
  readonly fields: readonly string[];
  readonly purpose: string;
  readonly traceId: string | null;
}

/** A line as it is read, with its place in the log. */
export type StoredLine = AccessLogLine & { readonly entry: number };

/** A line for each member, in one statement. The table takes no change and no deletion. */
export async function appendAccess(
  tx: EntityManager,
  memberIds: readonly string[],
  line: AccessLogLine,
): Promise<void> {
  await tx.query(
    `INSERT INTO access_log (at, principal, kind, roles, member_id, fields, purpose, trace_id)
     SELECT $2, $3, $4, $5::text[], member_id, $6::text[], $7, $8 FROM unnest($1::uuid[]) AS member_id`,
    [memberIds, line.at, line.principal, line.kind, line.roles, line.fields, line.purpose, line.traceId],
  );
}

/** One more than a page of the lines of a member, newest first, by the index on (member_id, entry). */
export function linesOf(tx: EntityManager, memberId: string, { after, limit }: Page): Promise<StoredLine[]> {
  return tx.query<StoredLine[]>(
    `SELECT entry, at, principal, kind, roles, fields, purpose, trace_id AS "traceId"
     FROM access_log WHERE member_id = $1 AND ($2::bigint IS NULL OR entry < $2) ORDER BY entry DESC LIMIT $3`,
    [memberId, after?.[0] ?? null, limit + 1],
  );
}
