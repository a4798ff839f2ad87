import { type ProgrammeTerms, ProgrammeTerms as Terms } from '@regulars/contracts/loyalty/v1/programmes';
import type { EntityManager } from 'typeorm';
import type { ProgrammeRow, VersionRow } from './programme.js';

const programmeColumns = `p.programme_id AS "programmeId", p.code, p.name_zh AS "nameZh", p.name_en AS "nameEn",
  p.currency, ARRAY(SELECT b.brand_id::text FROM programme_brand b WHERE b.programme_id = p.programme_id ORDER BY 1)
  AS "brandIds"`;
const versionColumns = `programme_id AS "programmeId", version, terms, effective_from::text AS "effectiveFrom",
  published_at AS "publishedAt"`;

/** Inserts a programme for its brands; false when its code or one of its brands is taken, and nothing is written. */
export async function insertProgramme(tx: EntityManager, row: ProgrammeRow, now: Date): Promise<boolean> {
  const made = await tx.query<unknown[]>(
    `INSERT INTO programme (programme_id, code, name_zh, name_en, currency, created_at) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT DO NOTHING RETURNING 1`,
    [row.programmeId, row.code, row.nameZh, row.nameEn, row.currency, now],
  );
  if (made.length === 0) return false;
  const brands = await tx.query<unknown[]>(
    `INSERT INTO programme_brand (brand_id, programme_id) SELECT unnest($1::uuid[]), $2
     ON CONFLICT DO NOTHING RETURNING 1`,
    [row.brandIds, row.programmeId],
  );
  return brands.length === row.brandIds.length;
}

/** The programme, locked against changes of its versions by others where `lock` is set. */
export async function findProgramme(tx: EntityManager, programmeId: string, lock = false) {
  const [row] = await tx.query<ProgrammeRow[]>(
    `SELECT ${programmeColumns} FROM programme p WHERE p.programme_id = $1 ${lock ? 'FOR UPDATE' : ''}`,
    [programmeId],
  );
  return row;
}

/** All programmes: there are as many as the company runs, a handful. */
export function allProgrammes(tx: EntityManager): Promise<ProgrammeRow[]> {
  return tx.query(`SELECT ${programmeColumns} FROM programme p`);
}

/** Versions of one programme, or published ones of all, oldest first. */
export async function versionsOf(tx: EntityManager, programmeId: string | undefined): Promise<VersionRow[]> {
  const rows = await tx.query<(Omit<VersionRow, 'terms'> & { terms: object })[]>(
    `SELECT ${versionColumns} FROM programme_version
     WHERE CASE WHEN $1::uuid IS NULL THEN published_at IS NOT NULL ELSE programme_id = $1 END
     ORDER BY programme_id, version`,
    [programmeId ?? null],
  );
  return rows.map((row) => ({ ...row, terms: Terms.fromJSON(row.terms) }));
}

export async function insertDraft(tx: EntityManager, programmeId: string, version: number, terms: ProgrammeTerms) {
  await tx.query(`INSERT INTO programme_version (programme_id, version, terms) VALUES ($1, $2, $3)`, [
    programmeId,
    version,
    JSON.stringify(Terms.toJSON(terms)),
  ]);
}

/** Puts a draft in force from a date on and tells the lanes of every replica. */
export async function publishDraft(
  tx: EntityManager,
  programmeId: string,
  version: number,
  effectiveFrom: string,
  now: Date,
): Promise<void> {
  await tx.query(
    `UPDATE programme_version SET effective_from = $3, published_at = $4 WHERE programme_id = $1 AND version = $2`,
    [programmeId, version, effectiveFrom, now],
  );
  await tx.query(`SELECT reference_changed()`);
}
