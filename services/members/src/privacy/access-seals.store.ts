import type { EntityManager } from 'typeorm';
import type { Seal, SealableLine } from './access-seals.js';

const columns = `seal, through_entry AS "throughEntry", lines, sealed_at AS "sealedAt", hash`;

/** Whether there are lines that no seal is over. Two steps in two indexes. */
export async function hasUnsealed(tx: EntityManager): Promise<boolean> {
  const [row] = await tx.query<[{ has: boolean }]>(
    `SELECT coalesce((SELECT max(entry) FROM access_log), 0) > coalesce((SELECT max(through_entry) FROM access_seal), 0)
       AS has`,
  );
  return row.has;
}

/**
 * The newest line, below which none will be committed any more: whoever writes lines has either committed or gets a
 * higher number. Waits for those who are writing, a few milliseconds each; undefined when that takes too long.
 */
export async function settledEntry(tx: EntityManager): Promise<number | undefined> {
  await tx.query(`SET LOCAL lock_timeout = '250ms'`);
  try {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' access log', 0))`);
  } catch (error) {
    // lock_not_available: somebody writes for long, and readers should not queue up behind the one who waits here.
    if ((error as { code?: unknown }).code === '55P03') return undefined;
    throw error;
  }
  const [row] = await tx.query<[{ entry: number | null }]>('SELECT max(entry) AS entry FROM access_log');
  return row.entry ?? undefined;
}

/** The last seal; whoever else seals at the same time waits until this transaction ends. */
export async function holdLastSeal(tx: EntityManager): Promise<Seal | undefined> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' access seals', 0))`);
  const [row] = await tx.query<Seal[]>(`SELECT ${columns} FROM access_seal ORDER BY seal DESC LIMIT 1`);
  return row;
}

export async function findSeal(tx: EntityManager, seal: number): Promise<Seal | undefined> {
  const [row] = await tx.query<Seal[]>(`SELECT ${columns} FROM access_seal WHERE seal = $1`, [seal]);
  return row;
}

/** Lines after one, up to another, oldest first. */
export function linesBetween(tx: EntityManager, after: number, through: number, most: number): Promise<SealableLine[]> {
  return tx.query<SealableLine[]>(
    `SELECT entry, json_build_array(entry, (extract(epoch FROM at) * 1000000)::bigint, principal, kind, roles, member_id,
       fields, purpose, trace_id)::text AS content
     FROM access_log WHERE entry > $1 AND entry <= $2 ORDER BY entry LIMIT $3`,
    [after, through, most],
  );
}

export async function addSeal(tx: EntityManager, { seal, throughEntry, lines, sealedAt, hash }: Seal): Promise<void> {
  await tx.query('INSERT INTO access_seal (seal, through_entry, lines, sealed_at, hash) VALUES ($1, $2, $3, $4, $5)', [
    seal,
    throughEntry,
    lines,
    sealedAt,
    hash,
  ]);
}

/** Seals after one, as many as are over so many lines, and one at least. */
export function sealsAfter(tx: EntityManager, seal: number, most: { seals: number; lines: number }): Promise<Seal[]> {
  return tx.query<Seal[]>(
    `SELECT ${columns} FROM (
       SELECT *, sum(lines) OVER (ORDER BY seal) - lines AS before FROM access_seal WHERE seal > $1 ORDER BY seal LIMIT $2
     ) AS ahead WHERE before < $3 ORDER BY seal`,
    [seal, most.seals, most.lines],
  );
}

/** Lines that no seal is over. */
export async function unsealed(tx: EntityManager): Promise<{ lines: number; since: Date | null }> {
  const [row] = await tx.query<[{ lines: number; since: Date | null }]>(
    `SELECT count(*)::int AS lines, min(at) AS since FROM access_log
     WHERE entry > coalesce((SELECT max(through_entry) FROM access_seal), 0)`,
  );
  return row;
}
