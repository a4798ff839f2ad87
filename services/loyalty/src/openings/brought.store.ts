import type { EntityManager } from 'typeorm';
import type { Brought } from './row.js';

/** A row of an opening as it is kept: by the hash of its external id, which may be somebody's mobile. */
export interface KeptRow {
  readonly openingId: string;
  /** SHA-256 of the external id, hexadecimal. */
  readonly external: string;
  readonly line: number;
  /** What is needed to find who waits; gone once the row is booked. */
  readonly externalId: string | null;
  readonly memberNumber: string | null;
  readonly brought: Brought;
}

/** The same of an opening of which the rest is known. */
export type NewRow = Omit<KeptRow, 'openingId'> & { readonly content: Buffer };

/** External ids that are known already, with the hash of what was brought under them. */
export async function knownRows(
  tx: EntityManager,
  { openingId, programmeId, source }: { openingId: string; programmeId: string; source: string },
  externals: readonly string[],
): Promise<Map<string, string>> {
  const rows = await tx.query<{ external: string; content: string }[]>(
    `SELECT encode(external_sha256, 'hex') AS external, encode(content_sha256, 'hex') AS content FROM opening_row
     WHERE external_sha256 = ANY ($1::bytea[]) AND (opening_id = $2
       OR (programme_id = $3 AND source = $4 AND state IN ('waiting', 'booked')))`,
    [bytes(externals), openingId, programmeId, source],
  );
  return new Map(rows.map(({ external, content }) => [external, content]));
}

/** Keeps rows that are not known. @returns how many: fewer when another opening has kept one of them meanwhile */
export async function addRows(
  tx: EntityManager,
  { openingId, programmeId, source }: { openingId: string; programmeId: string; source: string },
  rows: readonly NewRow[],
  state: 'tried' | 'waiting',
  dueAt: Date,
): Promise<number> {
  const added = await tx.query<unknown[]>(
    `INSERT INTO opening_row (opening_id, programme_id, source, state, due_at, external_sha256, line, content_sha256, told,
       external_id, member_number)
     SELECT $1, $2, $3, $4, $5, r.* FROM unnest($6::bytea[], $7::bigint[], $8::bytea[], $9::json[], $10::text[], $11::text[]) r
     ON CONFLICT DO NOTHING RETURNING 1`,
    [
      openingId,
      programmeId,
      source,
      state,
      dueAt,
      bytes(rows.map(({ external }) => external)),
      rows.map(({ line }) => line),
      rows.map(({ content }) => content),
      rows.map(({ brought }) => JSON.stringify(brought)),
      rows.map(({ externalId }) => externalId),
      rows.map(({ memberNumber }) => memberNumber),
    ],
  );
  return added.length;
}

const columns = `opening_id AS "openingId", encode(external_sha256, 'hex') AS external, line, external_id AS "externalId",
  member_number AS "memberNumber", told AS brought`;

/** Rows of one opening that wait for their members and are due. */
export async function waitingRows(tx: EntityManager, now: Date, most: number): Promise<KeptRow[]> {
  return tx.query<KeptRow[]>(
    `SELECT ${columns} FROM opening_row WHERE state = 'waiting' AND due_at <= $1 AND opening_id = (
       SELECT r.opening_id FROM opening_row r JOIN opening o ON o.opening_id = r.opening_id
       WHERE r.state = 'waiting' AND r.due_at <= $1 AND o.state IN ('booking', 'done', 'failed')
       ORDER BY r.due_at LIMIT 1)
     ORDER BY due_at LIMIT $2`,
    [now, most],
  );
}

/** Who still waits among rows, which from now on nobody else books. */
export async function lockWaiting(
  tx: EntityManager,
  openingId: string,
  externals: readonly string[],
): Promise<Set<string>> {
  const rows = await tx.query<{ external: string }[]>(
    `SELECT encode(r.external_sha256, 'hex') AS external FROM opening_row r
     JOIN opening o ON o.opening_id = r.opening_id AND o.state IN ('booking', 'done', 'failed')
     WHERE r.opening_id = $1 AND r.external_sha256 = ANY ($2::bytea[]) AND r.state = 'waiting'
     FOR UPDATE OF r FOR SHARE OF o`,
    [openingId, bytes(externals)],
  );
  return new Set(rows.map(({ external }) => external));
}

/** Looks at rows again later, whose members are not known yet. */
export async function putOff(
  tx: EntityManager,
  openingId: string,
  externals: readonly string[],
  dueAt: Date,
): Promise<void> {
  await tx.query(
    `UPDATE opening_row SET due_at = $3 WHERE opening_id = $1 AND external_sha256 = ANY ($2::bytea[]) AND state = 'waiting'`,
    [openingId, bytes(externals), dueAt],
  );
}

/** What was booked of a row. */
export interface BookedRow {
  readonly external: string;
  readonly memberId: string;
  readonly entryIds: readonly string[];
  readonly isTierGiven: boolean;
}

export async function markBooked(tx: EntityManager, openingId: string, rows: readonly BookedRow[]): Promise<void> {
  await tx.query(
    `UPDATE opening_row r SET state = 'booked', member_id = b.member_id, entry_ids = b.entry_ids::uuid[],
       is_tier_given = b.is_tier_given, external_id = NULL
     FROM unnest($2::bytea[], $3::uuid[], $4::text[], $5::boolean[]) b (external, member_id, entry_ids, is_tier_given)
     WHERE r.opening_id = $1 AND r.external_sha256 = b.external`,
    [
      openingId,
      bytes(rows.map(({ external }) => external)),
      rows.map(({ memberId }) => memberId),
      rows.map(({ entryIds }) => `{${entryIds.join(',')}}`),
      rows.map(({ isTierGiven }) => isTierGiven),
    ],
  );
}

/** Forgets rows that wait no longer. */
export async function dropRows(tx: EntityManager, openingId: string, externals: readonly string[]): Promise<void> {
  await tx.query('DELETE FROM opening_row WHERE opening_id = $1 AND external_sha256 = ANY ($2::bytea[])', [
    openingId,
    bytes(externals),
  ]);
}

/** A row that is to be taken back, with who has it by now. */
export interface RowToUndo extends BookedRow {
  readonly brought: Brought;
  /** Who took over where the member was merged. */
  readonly heirId: string;
  /** Whether she was erased, with whatever she had. */
  readonly isGone: boolean;
}

/** Rows of an opening that are booked; `externals` where only these are asked for again. */
export function bookedRows(
  tx: EntityManager,
  openingId: string,
  externals: readonly string[] | undefined,
  most: number,
): Promise<RowToUndo[]> {
  return tx.query<RowToUndo[]>(
    `SELECT encode(r.external_sha256, 'hex') AS external, r.member_id AS "memberId", r.entry_ids AS "entryIds",
       r.is_tier_given AS "isTierGiven", r.told AS brought, heir.member_id AS "heirId",
       heir.gone_at IS NOT NULL AS "isGone"
     FROM opening_row r JOIN member m ON m.member_id = r.member_id
     JOIN member heir ON heir.member_id = coalesce(m.merged_into, m.member_id)
     WHERE r.opening_id = $1 AND r.state = 'booked' AND ($2::bytea[] IS NULL OR r.external_sha256 = ANY ($2::bytea[]))
     ORDER BY r.external_sha256 LIMIT $3`,
    [openingId, externals ? bytes(externals) : null, most],
  );
}

/** What is left of lots that were brought in. */
export interface LotLeft {
  readonly lotId: string;
  readonly points: number;
  readonly remaining: number;
  readonly expired: number;
}

export function lotsLeft(
  tx: EntityManager,
  programmeId: string,
  memberIds: readonly string[],
  lotIds: readonly string[],
): Promise<LotLeft[]> {
  return tx.query<LotLeft[]>(
    `SELECT lot_id AS "lotId", points, remaining, expired FROM lot
     WHERE member_id = ANY ($1::uuid[]) AND programme_id = $2 AND lot_id = ANY ($3::uuid[])`,
    [memberIds, programmeId, lotIds],
  );
}

export async function markUndone(
  tx: EntityManager,
  openingId: string,
  rows: readonly { readonly external: string; readonly entryId: string }[],
): Promise<void> {
  await tx.query(
    `UPDATE opening_row r SET state = 'undone', entry_ids = r.entry_ids || u.entry_id
     FROM unnest($2::bytea[], $3::uuid[]) u (external, entry_id)
     WHERE r.opening_id = $1 AND r.external_sha256 = u.external`,
    [openingId, bytes(rows.map(({ external }) => external)), rows.map(({ entryId }) => entryId)],
  );
}

/** Members by their numbers, who took over where one was merged. */
export async function membersByNumber(tx: EntityManager, numbers: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.query<{ number: string; memberId: string }[]>(
    `SELECT number, member_id AS "memberId" FROM member WHERE number = ANY ($1::text[])`,
    [numbers],
  );
  return new Map(rows.map(({ number, memberId }) => [number, memberId]));
}

/** A member that is known here: who stands for her now, and whether she is gone. */
export interface Known {
  readonly memberId: string;
  readonly heirId: string;
  readonly isGone: boolean;
}

export async function knownMembers(tx: EntityManager, memberIds: readonly string[]): Promise<Map<string, Known>> {
  const rows = await tx.query<Known[]>(
    `SELECT m.member_id AS "memberId", coalesce(m.merged_into, m.member_id) AS "heirId",
       CASE WHEN m.merged_into IS NULL THEN m.gone_at ELSE heir.gone_at END IS NOT NULL AS "isGone"
     FROM member m LEFT JOIN member heir ON heir.member_id = m.merged_into WHERE m.member_id = ANY ($1::uuid[])`,
    [memberIds],
  );
  return new Map(rows.map((row) => [row.memberId, row]));
}

function bytes(hex: readonly string[]): Buffer[] {
  return hex.map((each) => Buffer.from(each, 'hex'));
}
