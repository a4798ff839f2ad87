import type { Page } from '@regulars/service';
import type { EntityManager } from 'typeorm';
import type { RequestKind } from './privacy-request.js';

export interface RequestRow {
  readonly requestId: string;
  readonly memberId: string;
  readonly kind: RequestKind;
  readonly requestedAt: Date;
  readonly requestedBy: string;
  readonly dueAt: Date;
}

export interface AnswerRow {
  readonly service: string;
  readonly records: number;
  /** Hex; null for an erasure. */
  readonly sha256: string | null;
  /** RFC 3339. */
  readonly answeredAt: string;
}

export type StoredRequest = RequestRow & { readonly doneAt: Date | null; readonly answers: readonly AnswerRow[] };

const columns = `request_id AS "requestId", member_id AS "memberId", kind, requested_at AS "requestedAt",
  requested_by AS "requestedBy", due_at AS "dueAt", done_at AS "doneAt",
  (SELECT coalesce(json_agg(json_build_object('service', service, 'records', records, 'sha256', encode(sha256, 'hex'),
      'answeredAt', to_char(answered_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) ORDER BY service), '[]')
    FROM privacy_answer a WHERE a.request_id = privacy_request.request_id) AS answers`;

export async function addRequest(tx: EntityManager, row: RequestRow): Promise<void> {
  await tx.query(
    `INSERT INTO privacy_request (request_id, member_id, kind, requested_at, requested_by, due_at)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [row.requestId, row.memberId, row.kind, row.requestedAt, row.requestedBy, row.dueAt],
  );
}

/** Whether a request of one of the kinds is under way; who asks at the same time waits for the member's row. */
export async function isUnderWay(tx: EntityManager, memberId: string, kinds: readonly RequestKind[]): Promise<boolean> {
  await tx.query('SELECT 1 FROM member WHERE member_id = $1 FOR UPDATE', [memberId]);
  const found = await tx.query<unknown[]>(
    'SELECT 1 FROM privacy_request WHERE member_id = $1 AND kind = ANY ($2::text[]) AND done_at IS NULL',
    [memberId, kinds],
  );
  return found.length > 0;
}

export async function findRequest(tx: EntityManager, requestId: string): Promise<StoredRequest | undefined> {
  const [row] = await tx.query<StoredRequest[]>(`SELECT ${columns} FROM privacy_request WHERE request_id = $1`, [
    requestId,
  ]);
  return row;
}

/** One more than a page, newest first. @param overdueAt undefined for all */
export function listRequests(tx: EntityManager, overdueAt: Date | undefined, page: Page): Promise<StoredRequest[]> {
  return tx.query<StoredRequest[]>(
    `SELECT ${columns} FROM privacy_request
     WHERE ($1::timestamptz IS NULL OR (done_at IS NULL AND due_at < $1)) AND ($2::uuid IS NULL OR request_id < $2)
     ORDER BY request_id DESC LIMIT $3`,
    [overdueAt ?? null, page.after?.[0] ?? null, page.limit + 1],
  );
}

/**
 * Writes what services answered, once each, and when the last one had. An answer to a request that a restored database
 * has lost is let go.
 */
export async function keepAnswers(
  tx: EntityManager,
  answers: readonly {
    requestId: string;
    service: string;
    records: number;
    sha256: Buffer | null;
    answeredAt: Date;
  }[],
  services: readonly string[],
): Promise<void> {
  const requestIds = answers.map(({ requestId }) => requestId);
  await tx.query(
    `INSERT INTO privacy_answer (request_id, service, records, sha256, answered_at)
     SELECT given.* FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::bytea[], $5::timestamptz[])
       AS given (request_id, service, records, sha256, answered_at)
     JOIN privacy_request USING (request_id) ON CONFLICT DO NOTHING`,
    [
      requestIds,
      answers.map(({ service }) => service),
      answers.map(({ records }) => records),
      answers.map(({ sha256 }) => sha256),
      answers.map(({ answeredAt }) => answeredAt.toISOString()),
    ],
  );
  await tx.query(
    `UPDATE privacy_request r SET done_at = (SELECT max(answered_at) FROM privacy_answer a WHERE a.request_id = r.request_id)
     WHERE request_id = ANY ($1::uuid[]) AND done_at IS NULL
       AND $2::text[] <@ ARRAY(SELECT service FROM privacy_answer a WHERE a.request_id = r.request_id)`,
    [requestIds, services],
  );
}
