import type { Page } from '@regulars/service';
import type { EntityManager } from 'typeorm';
import type { ImportTerms, Rejection } from './row.js';

export type ImportState = 'receiving' | 'reading' | 'done' | 'failed';

/** How far an import is. */
export interface Counts {
  readonly rows: number;
  readonly registered: number;
  readonly repeated: number;
  readonly rejected: number;
}

export interface ImportRow extends Counts {
  readonly importId: string;
  readonly format: 'csv' | 'ndjson';
  readonly terms: ImportTerms;
  readonly state: ImportState;
  readonly reason: string;
  readonly encoding: string;
  /** The last line of the file that was read. */
  readonly line: number;
  readonly begunBy: string;
  readonly begunAt: Date;
  readonly doneAt: Date | null;
}

const columns = `import_id AS "importId", format, terms, state, reason, encoding, row_count AS rows, registered, repeated,
  rejected, line_done AS line, begun_by AS "begunBy", begun_at AS "begunAt", done_at AS "doneAt"`;

export async function addImport(
  tx: EntityManager,
  row: Pick<ImportRow, 'importId' | 'format' | 'terms' | 'begunAt'>,
  begunBy: string,
): Promise<void> {
  await tx.query(
    `INSERT INTO member_import (import_id, format, terms, begun_by, begun_at, state)
     VALUES ($1, $2, $3, $4, $5, 'receiving')`,
    [row.importId, row.format, row.terms, begunBy, row.begunAt],
  );
}

export async function findImport(tx: EntityManager, importId: string): Promise<ImportRow | undefined> {
  const [row] = await tx.query<ImportRow[]>(`SELECT ${columns} FROM member_import WHERE import_id = $1`, [importId]);
  return row;
}

/** Keeps a part while parts are awaited; false afterwards. */
export async function keepPart(tx: EntityManager, importId: string, part: number, sealed: Buffer): Promise<boolean> {
  const kept = await tx.query<unknown[]>(
    `INSERT INTO import_part (import_id, part, content_sealed)
     SELECT import_id, $2, $3 FROM member_import WHERE import_id = $1 AND state = 'receiving' FOR SHARE
     ON CONFLICT (import_id, part) DO UPDATE SET content_sealed = excluded.content_sealed RETURNING 1`,
    [importId, part, sealed],
  );
  return kept.length === 1;
}

/** Begins reading when all parts are there; false when some are missing. Repeated, it changes nothing. */
export async function completeImport(tx: EntityManager, importId: string, parts: number): Promise<boolean> {
  await tx.query('DELETE FROM import_part WHERE import_id = $1 AND part >= $2', [importId, parts]);
  const [rows] = await tx.query<[unknown[], number]>(
    `UPDATE member_import SET state = 'reading' WHERE import_id = $1 AND state = 'receiving'
       AND (SELECT count(*) FROM import_part WHERE import_id = $1) = $2 RETURNING 1`,
    [importId, parts],
  );
  return rows.length === 1;
}

/** Takes an import that waits to be read, or whose reader is gone. */
export async function takeImport(
  tx: EntityManager,
  token: string,
  now: Date,
  until: Date,
): Promise<ImportRow | undefined> {
  const [[row]] = await tx.query<[ImportRow[], number]>(
    `UPDATE member_import SET lease_until = $3, lease_token = $1 WHERE import_id = (
       SELECT import_id FROM member_import WHERE state = 'reading' AND (lease_until IS NULL OR lease_until < $2)
       ORDER BY begun_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING ${columns}`,
    [token, now, until],
  );
  return row;
}

export async function partOf(tx: EntityManager, importId: string, part: number): Promise<Buffer | undefined> {
  const [row] = await tx.query<{ sealed: Buffer }[]>(
    'SELECT content_sealed AS sealed FROM import_part WHERE import_id = $1 AND part = $2',
    [importId, part],
  );
  return row?.sealed;
}

/** How far reading got since the last time. */
export interface Progress extends Counts {
  readonly line: number;
}

/** Notes how far reading is; false when the import was taken by another reader. */
export async function advance(
  tx: EntityManager,
  importId: string,
  token: string,
  { rows, registered, repeated, rejected, line }: Progress,
  until: Date,
): Promise<boolean> {
  const [updated] = await tx.query<[unknown[], number]>(
    `UPDATE member_import SET row_count = row_count + $3, registered = registered + $4, repeated = repeated + $5,
       rejected = rejected + $6, line_done = $7, lease_until = $8
     WHERE import_id = $1 AND lease_token = $2 AND state = 'reading' RETURNING 1`,
    [importId, token, rows, registered, repeated, rejected, line, until],
  );
  return updated.length === 1;
}

export async function noteEncoding(tx: EntityManager, importId: string, encoding: string): Promise<void> {
  await tx.query('UPDATE member_import SET encoding = $2 WHERE import_id = $1', [importId, encoding]);
}

/** The file was read, or cannot be; its parts go. */
export async function endImport(
  tx: EntityManager,
  importId: string,
  token: string,
  reason: string,
  at: Date,
): Promise<void> {
  await tx.query(
    `UPDATE member_import SET state = CASE WHEN $3 = '' THEN 'done' ELSE 'failed' END, reason = $3, done_at = $4,
       lease_until = NULL, lease_token = NULL
     WHERE import_id = $1 AND lease_token = $2`,
    [importId, token, reason, at],
  );
  await tx.query('DELETE FROM import_part WHERE import_id = $1', [importId]);
}

export async function addRejections(
  tx: EntityManager,
  importId: string,
  rejections: readonly Rejection[],
): Promise<void> {
  await tx.query(
    `INSERT INTO import_rejection (import_id, line, pointer, reason, message)
     SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[])`,
    [
      importId,
      rejections.map((row) => row.line),
      rejections.map((row) => row.pointer),
      rejections.map((row) => row.reason),
      rejections.map((row) => row.message),
    ],
  );
}

/** One more than a page of the rejections of an import, in their order. */
export function rejectionsOf(
  tx: EntityManager,
  importId: string,
  page: Page,
): Promise<(Rejection & { readonly rejection: number })[]> {
  return tx.query(
    `SELECT rejection, line, pointer, reason, message FROM import_rejection
     WHERE import_id = $1 AND ($2::bigint IS NULL OR rejection > $2) ORDER BY rejection LIMIT $3`,
    [importId, page.after?.[0] ?? null, page.limit + 1],
  );
}

/** Which of these external ids are known. */
export async function knownExternalIds(tx: EntityManager, indexes: readonly Buffer[]): Promise<Set<string>> {
  const rows = await tx.query<{ index: Buffer }[]>('SELECT index FROM external_id WHERE index = ANY ($1::bytea[])', [
    indexes,
  ]);
  return new Set(rows.map(({ index }) => index.toString('hex')));
}

/** Who was registered under external ids, by their hexadecimal indexes. */
export async function importedMembers(tx: EntityManager, indexes: readonly Buffer[]): Promise<Map<string, string>> {
  const rows = await tx.query<{ index: Buffer; memberId: string }[]>(
    'SELECT index, member_id AS "memberId" FROM external_id WHERE index = ANY ($1::bytea[])',
    [indexes],
  );
  return new Map(rows.map(({ index, memberId }) => [index.toString('hex'), memberId]));
}

export async function addExternalIds(
  tx: EntityManager,
  rows: readonly { readonly index: Buffer; readonly memberId: string }[],
): Promise<void> {
  await tx.query('INSERT INTO external_id (index, member_id) SELECT * FROM unnest($1::bytea[], $2::uuid[])', [
    rows.map((row) => row.index),
    rows.map((row) => row.memberId),
  ]);
}
