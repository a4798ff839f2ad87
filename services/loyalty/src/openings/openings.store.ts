import type { Page } from '@regulars/service';
import type { EntityManager } from 'typeorm';
import type { OpeningRow, Sum, Sums } from './opening.js';
import type { Rejection } from './row.js';

const sum = (name: string) => `json_build_object('rows', ${name}_rows, 'points', ${name}_points) AS ${name}`;

const columns = `opening_id AS "openingId", programme_id AS "programmeId", source, is_dry_run AS "isDryRun",
  CASE WHEN expected_rows IS NOT NULL THEN json_build_object('rows', expected_rows, 'points', expected_points) END
    AS expected,
  state, reason, ${(['file', 'booked', 'waiting', 'repeated', 'rejected'] as const).map(sum).join(', ')},
  ledger_points AS "ledgerPoints", is_summed AS "isSummed", line_done AS line, begun_by AS "begunBy",
  begun_at AS "begunAt", done_at AS "doneAt", undone_at AS "undoneAt"`;

export type NewOpening = Pick<
  OpeningRow,
  'openingId' | 'programmeId' | 'source' | 'isDryRun' | 'expected' | 'begunBy' | 'begunAt'
>;

export async function addOpening(tx: EntityManager, row: NewOpening): Promise<void> {
  await tx.query(
    `INSERT INTO opening (opening_id, programme_id, source, is_dry_run, expected_rows, expected_points, begun_by, begun_at,
       state)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'receiving')`,
    [
      row.openingId,
      row.programmeId,
      row.source,
      row.isDryRun,
      row.expected?.rows ?? null,
      row.expected?.points ?? null,
      row.begunBy,
      row.begunAt,
    ],
  );
}

export async function findOpening(tx: EntityManager, openingId: string, lock = ''): Promise<OpeningRow | undefined> {
  const [row] = await tx.query<OpeningRow[]>(`SELECT ${columns} FROM opening WHERE opening_id = $1 ${lock}`, [
    openingId,
  ]);
  return row;
}

/** Openings of a programme, newest first; one more than a page. */
export function openingsBefore(tx: EntityManager, programmeId: string, page: Page): Promise<OpeningRow[]> {
  return tx.query<OpeningRow[]>(
    `SELECT ${columns} FROM opening WHERE programme_id = $1 AND ($2::uuid IS NULL OR opening_id < $2)
     ORDER BY opening_id DESC LIMIT $3`,
    [programmeId, page.after?.[0] ?? null, page.limit + 1],
  );
}

/** Keeps a part while parts are awaited; false afterwards. */
export async function keepPart(tx: EntityManager, openingId: string, part: number, content: Buffer): Promise<boolean> {
  const kept = await tx.query<unknown[]>(
    `INSERT INTO opening_part (opening_id, part, content)
     SELECT opening_id, $2, $3 FROM opening WHERE opening_id = $1 AND state = 'receiving' FOR SHARE
     ON CONFLICT (opening_id, part) DO UPDATE SET content = excluded.content RETURNING 1`,
    [openingId, part, content],
  );
  return kept.length === 1;
}

/** Begins booking when all parts are there; false when some are missing. Repeated, it changes nothing. */
export async function completeOpening(tx: EntityManager, openingId: string, parts: number): Promise<boolean> {
  await tx.query(
    `DELETE FROM opening_part p USING opening o
     WHERE p.opening_id = $1 AND p.part >= $2 AND o.opening_id = p.opening_id AND o.state = 'receiving'`,
    [openingId, parts],
  );
  const [rows] = await tx.query<[unknown[], number]>(
    `UPDATE opening SET state = 'booking' WHERE opening_id = $1 AND state = 'receiving'
       AND (SELECT count(*) FROM opening_part WHERE opening_id = $1) = $2 RETURNING 1`,
    [openingId, parts],
  );
  return rows.length === 1;
}

export async function partOf(tx: EntityManager, openingId: string, part: number): Promise<Buffer | undefined> {
  const [row] = await tx.query<{ content: Buffer }[]>(
    'SELECT content FROM opening_part WHERE opening_id = $1 AND part = $2',
    [openingId, part],
  );
  return row?.content;
}

/** Takes an opening that waits to be booked, or whose reader is gone. */
export async function leaseOpening(
  tx: EntityManager,
  token: string,
  now: Date,
  until: Date,
): Promise<OpeningRow | undefined> {
  const [[row]] = await tx.query<[OpeningRow[], number]>(
    `UPDATE opening SET lease_until = $3, lease_token = $1 WHERE opening_id = (
       SELECT opening_id FROM opening WHERE state = 'booking' AND (lease_until IS NULL OR lease_until < $2)
       ORDER BY opening_id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING ${columns}`,
    [token, now, until],
  );
  return row;
}

/** Lets an opening go, so that another reader may take it at once. */
export async function releaseOpening(tx: EntityManager, openingId: string, token: string): Promise<void> {
  await tx.query('UPDATE opening SET lease_until = NULL WHERE opening_id = $1 AND lease_token = $2', [
    openingId,
    token,
  ]);
}

/**
 * Adds what became of some rows, and notes how far reading is; false when another reader has the opening now, or these
 * rows were added before by a transaction whose outcome was not known.
 */
export async function advance(
  tx: EntityManager,
  openingId: string,
  token: string,
  sums: Sums,
  lines: { readonly first: number; readonly last: number },
  until: Date,
): Promise<boolean> {
  const [updated] = await tx.query<[unknown[], number]>(
    `UPDATE opening SET ${addedSums(4)}, line_done = $14, lease_until = $3
     WHERE opening_id = $1 AND lease_token = $2 AND state = 'booking' AND line_done < $15 RETURNING 1`,
    [openingId, token, until, ...sumValues(sums), lines.last, lines.first],
  );
  return updated.length === 1;
}

/** Moves rows from waiting to what became of them; the ledger has to be summed again. */
export async function moveSums(tx: EntityManager, openingId: string, booked: Sum, rejected: Sum): Promise<void> {
  const none = { rows: 0, points: 0 };
  const waiting = { rows: -booked.rows - rejected.rows, points: -booked.points - rejected.points };
  await tx.query(`UPDATE opening SET ${addedSums(2)}, is_summed = false WHERE opening_id = $1`, [
    openingId,
    ...sumValues({ file: none, booked, waiting, repeated: none, rejected }),
  ]);
}

const sumNames = ['file', 'booked', 'waiting', 'repeated', 'rejected'] as const;

function addedSums(first: number): string {
  return sumNames
    .flatMap((name, index) => [
      `${name}_rows = ${name}_rows + $${first + 2 * index}`,
      `${name}_points = ${name}_points + $${first + 2 * index + 1}`,
    ])
    .join(', ');
}

function sumValues(sums: Sums): number[] {
  return sumNames.flatMap((name) => [sums[name].rows, sums[name].points]);
}

/** The file was read, or cannot be read on; its parts go, and what was only tried. */
export async function endReading(
  tx: EntityManager,
  openingId: string,
  token: string,
  reason: string,
  at: Date,
): Promise<void> {
  await tx.query(
    `UPDATE opening SET state = CASE WHEN $3 = '' THEN 'done' ELSE 'failed' END, reason = $3, done_at = $4,
       lease_until = NULL, lease_token = NULL
     WHERE opening_id = $1 AND lease_token = $2`,
    [openingId, token, reason, at],
  );
  await tx.query('DELETE FROM opening_part WHERE opening_id = $1', [openingId]);
  await tx.query(`DELETE FROM opening_row WHERE opening_id = $1 AND state = 'tried'`, [openingId]);
}

export async function addRejections(
  tx: EntityManager,
  openingId: string,
  rejections: readonly Rejection[],
): Promise<void> {
  if (rejections.length === 0) return;
  await tx.query(
    `INSERT INTO opening_rejection (opening_id, line, pointer, reason, message)
     SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[])`,
    [
      openingId,
      rejections.map((row) => row.line),
      rejections.map((row) => row.pointer),
      rejections.map((row) => row.reason),
      rejections.map((row) => row.message),
    ],
  );
}

/** One more than a page of the rejections of an opening, in their order. */
export function rejectionsOf(
  tx: EntityManager,
  openingId: string,
  page: Page,
): Promise<(Rejection & { readonly rejection: number })[]> {
  return tx.query(
    `SELECT rejection, line, pointer, reason, message FROM opening_rejection
     WHERE opening_id = $1 AND ($2::bigint IS NULL OR rejection > $2) ORDER BY rejection LIMIT $3`,
    [openingId, page.after?.[0] ?? null, page.limit + 1],
  );
}

/** Whether anybody bought or redeemed anything in a programme: probes of purchase_claim in each month. */
export async function isLive(tx: EntityManager, programmeId: string): Promise<boolean> {
  const [row] = await tx.query<{ live: boolean }[]>(
    `SELECT EXISTS (SELECT FROM purchase WHERE programme_id = $1)
       OR EXISTS (SELECT FROM redemption WHERE programme_id = $1) AS live`,
    [programmeId],
  );
  return row?.live ?? true;
}

export async function orderUndo(tx: EntityManager, openingId: string): Promise<void> {
  await tx.query(`UPDATE opening SET state = 'undoing' WHERE opening_id = $1`, [openingId]);
}

/** An opening that is to be taken back, oldest first. */
export async function toUndo(tx: EntityManager): Promise<OpeningRow | undefined> {
  const [row] = await tx.query<OpeningRow[]>(
    `SELECT ${columns} FROM opening WHERE state = 'undoing' ORDER BY opening_id LIMIT 1`,
  );
  return row;
}

/** Nothing booked is left: what waited goes too. */
export async function endUndo(tx: EntityManager, openingId: string, at: Date): Promise<void> {
  await tx.query(`DELETE FROM opening_row WHERE opening_id = $1 AND state = 'waiting'`, [openingId]);
  await tx.query(
    `UPDATE opening SET state = 'undone', undone_at = $2, is_summed = false WHERE opening_id = $1 AND state = 'undoing'`,
    [openingId, at],
  );
}

/** An opening whose entries were not summed since they changed. */
export async function toSum(tx: EntityManager): Promise<OpeningRow | undefined> {
  const [row] = await tx.query<OpeningRow[]>(
    `SELECT ${columns} FROM opening WHERE NOT is_summed AND NOT is_dry_run AND state IN ('done', 'failed', 'undone')
     ORDER BY opening_id LIMIT 1`,
  );
  return row;
}

/** What the entries of an opening come to, in the ledger itself. */
export async function ledgerSum(tx: EntityManager, openingId: string): Promise<number> {
  const [row] = await tx.query<{ points: number }[]>(
    `SELECT coalesce(sum(e.points), 0)::bigint AS points
     FROM opening_row r CROSS JOIN LATERAL unnest(r.entry_ids) entry (id) JOIN entry e ON e.entry_id = entry.id
     WHERE r.opening_id = $1`,
    [openingId],
  );
  return row?.points ?? 0;
}

/** Keeps a sum, unless something was booked or taken back since it was begun. */
export async function keepSum(tx: EntityManager, { openingId, state, booked }: OpeningRow, points: number) {
  await tx.query(
    `UPDATE opening SET ledger_points = $2, is_summed = true
     WHERE opening_id = $1 AND state = $3 AND booked_rows = $4`,
    [openingId, points, state, booked.rows],
  );
}
