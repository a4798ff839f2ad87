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
