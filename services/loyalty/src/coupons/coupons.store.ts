import { CouponTerms } from '@regulars/contracts/loyalty/v1/coupons';
import type { EntityManager } from 'typeorm';
import type { CouponRow, NewCoupon } from './coupon.js';
import type { DefinitionRow } from './definition.js';

type StoredDefinition = { readonly definitionId: string; readonly terms: object };

const definitionColumns = `definition_id AS "definitionId", terms`;

/** What is read of a coupon. */
const couponColumns = `code, definition_id AS "definitionId", member_id AS "memberId", state, issued_at AS "issuedAt",
  last_day::text AS "lastDay", store_id AS "storeId", till_id AS "tillId", used_at AS "usedAt"`;

function definitionOf({ definitionId, terms }: StoredDefinition): DefinitionRow {
  return { definitionId, terms: CouponTerms.fromJSON(terms) };
}

/** False when the programme has the code already, undefined when there is no such programme; nothing is written then. */
export async function insertDefinition(tx: EntityManager, row: DefinitionRow, now: Date): Promise<boolean | undefined> {
  const { programmeId, code } = row.terms;
  const [known] = await tx.query<unknown[]>(`SELECT FROM programme WHERE programme_id = $1`, [programmeId]);
  if (!known) return undefined;
  const made = await tx.query<unknown[]>(
    `INSERT INTO coupon_definition (definition_id, programme_id, code, terms, created_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT DO NOTHING RETURNING 1`,
    [row.definitionId, programmeId, code, JSON.stringify(CouponTerms.toJSON(row.terms)), now],
  );
  return made.length > 0;
}

export async function findDefinitionByCode(
  tx: EntityManager,
  programmeId: string,
  code: string,
): Promise<DefinitionRow | undefined> {
  const [row] = await tx.query<StoredDefinition[]>(
    `SELECT ${definitionColumns} FROM coupon_definition WHERE programme_id = $1 AND code = $2`,
    [programmeId, code],
  );
  return row && definitionOf(row);
}

export async function findDefinitions(
  tx: EntityManager,
  ids: readonly string[],
): Promise<ReadonlyMap<string, DefinitionRow>> {
  const rows = await tx.query<StoredDefinition[]>(
    `SELECT ${definitionColumns} FROM coupon_definition WHERE definition_id = ANY ($1::uuid[])`,
    [ids],
  );
  return new Map(rows.map((row) => [row.definitionId, definitionOf(row)]));
}

/** Kinds of a programme by code; one more than asked tells whether there are more. */
export async function definitionsAfter(
  tx: EntityManager,
  programmeId: string,
  afterCode: string,
  limit: number,
): Promise<DefinitionRow[]> {
  const rows = await tx.query<StoredDefinition[]>(
    `SELECT ${definitionColumns} FROM coupon_definition WHERE programme_id = $1 AND code > $2 ORDER BY code LIMIT $3`,
    [programmeId, afterCode, limit + 1],
  );
  return rows.map(definitionOf);
}

/** What new coupons have in common. */
export interface Issuing {
  readonly definitionId: string;
  /** The issue, the batch or the gift they come from. */
  readonly sourceId: string;
  readonly lastDay: string | undefined;
  readonly now: Date;
}

/** Inserts coupons. @throws a unique violation for a code that is there already, which the caller draws again */
export async function insertCoupons(tx: EntityManager, coupons: readonly NewCoupon[], issuing: Issuing): Promise<void> {
  await tx.query(
    `INSERT INTO coupon (code, member_id, ordinal, definition_id, source_id, last_day, issued_at)
     SELECT code, member_id, ordinal, $4::uuid, $5::uuid, $6::date, $7::timestamptz
     FROM unnest($1::text[], $2::uuid[], $3::integer[]) c (code, member_id, ordinal)`,
    [
      coupons.map(({ code }) => code),
      coupons.map(({ memberId }) => memberId ?? null),
      coupons.map(({ ordinal }) => ordinal),
      issuing.definitionId,
      issuing.sourceId,
      issuing.lastDay ?? null,
      issuing.now,
    ],
  );
}

/** Coupons by their codes; locked, sorted, where they are to be used. */
export function findCoupons(tx: EntityManager, codes: readonly string[], lock = false): Promise<CouponRow[]> {
  return tx.query(
    `SELECT ${couponColumns} FROM coupon WHERE code = ANY ($1::text[]) ORDER BY code ${lock ? 'FOR UPDATE' : ''}`,
    [codes],
  );
}

/** Coupons of a source in their order, from a place on. */
export async function codesOf(tx: EntityManager, sourceId: string, after: number, limit: number): Promise<string[]> {
  const rows = await tx.query<{ code: string }[]>(
    `SELECT code FROM coupon WHERE source_id = $1 AND ordinal >= $2 AND ordinal < $2::integer + $3 ORDER BY ordinal`,
    [sourceId, after, limit],
  );
  return rows.map(({ code }) => code);
}

/** Coupons that a member can use up to a day, those that end first at the front, at most 50. */
export function usableBy(tx: EntityManager, memberId: string, businessDate: string): Promise<CouponRow[]> {
  return tx.query(
    `SELECT ${couponColumns} FROM coupon WHERE member_id = $1 AND state = 'issued' AND (last_day IS NULL OR last_day >= $2)
     ORDER BY last_day NULLS LAST, code LIMIT 50`,
    [memberId, businessDate],
  );
}

/** Coupons of a member, newest first; one more than asked tells whether there are more. */
export function couponsBefore(
  tx: EntityManager,
  memberId: string,
  before: readonly [issuedMs: number, code: string] | undefined,
  limit: number,
): Promise<CouponRow[]> {
  const [issuedMs, code] = before ?? [Number.MAX_SAFE_INTEGER, ''];
  return tx.query(
    `SELECT ${couponColumns} FROM coupon
     WHERE member_id = $1 AND ($2 OR (issued_at, code) < (to_timestamp($3::double precision / 1000), $4))
     ORDER BY issued_at DESC, code DESC LIMIT $5`,
    [memberId, before === undefined, issuedMs, code, limit + 1],
  );
}

/** How many coupons of each kind a person holds at tills or has used; what came back does not count. */
export async function usedByPerson(
  tx: EntityManager,
  memberId: string,
  definitionIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await tx.query<{ definitionId: string; used: number }[]>(
    `SELECT definition_id AS "definitionId", count(*) AS used FROM coupon
     WHERE used_by = $1 AND definition_id = ANY ($2::uuid[]) GROUP BY definition_id`,
    [memberId, definitionIds],
  );
  return new Map(rows.map(({ definitionId, used }) => [definitionId, used]));
}

/** A batch of codes as stored. */
export interface BatchRow {
  readonly batchId: string;
  readonly definitionId: string;
  readonly count: number;
  readonly drawn: number;
}

export async function insertBatch(tx: EntityManager, batch: BatchRow, now: Date): Promise<void> {
  await tx.query(`INSERT INTO coupon_batch (batch_id, definition_id, count, created_at) VALUES ($1, $2, $3, $4)`, [
    batch.batchId,
    batch.definitionId,
    batch.count,
    now,
  ]);
}

/** The batch, locked against drawing by others where `lock` is set. */
export async function findBatch(tx: EntityManager, batchId: string, lock = false): Promise<BatchRow | undefined> {
  const [row] = await tx.query<BatchRow[]>(
    `SELECT batch_id AS "batchId", definition_id AS "definitionId", count, drawn FROM coupon_batch
     WHERE batch_id = $1 ${lock ? 'FOR UPDATE' : ''}`,
    [batchId],
  );
  return row;
}

export async function markDrawn(tx: EntityManager, batchId: string, drawn: number): Promise<void> {
  await tx.query(`UPDATE coupon_batch SET drawn = $2 WHERE batch_id = $1`, [batchId, drawn]);
}

/** An issue to a tier as stored. */
export interface IssueRow {
  readonly issueId: string;
  readonly definitionId: string;
  readonly tier: string;
  readonly issued: number;
  readonly afterMember: string;
  readonly finishedAt: Date | null;
}

const issueColumns = `issue_id AS "issueId", definition_id AS "definitionId", tier, issued,
  after_member AS "afterMember", finished_at AS "finishedAt"`;

export async function insertIssue(tx: EntityManager, issueId: string, definitionId: string, tier: string, now: Date) {
  await tx.query(`INSERT INTO coupon_issue (issue_id, definition_id, tier, created_at) VALUES ($1, $2, $3, $4)`, [
    issueId,
    definitionId,
    tier,
    now,
  ]);
}

export async function findIssue(tx: EntityManager, issueId: string): Promise<IssueRow | undefined> {
  const [row] = await tx.query<IssueRow[]>(`SELECT ${issueColumns} FROM coupon_issue WHERE issue_id = $1`, [issueId]);
  return row;
}

/** The oldest issue that is not finished, locked; one that another replica works on is passed over. */
export async function openIssue(tx: EntityManager): Promise<IssueRow | undefined> {
  const [row] = await tx.query<IssueRow[]>(
    `SELECT ${issueColumns} FROM coupon_issue WHERE finished_at IS NULL ORDER BY created_at LIMIT 1
     FOR UPDATE SKIP LOCKED`,
  );
  return row;
}

export async function advanceIssue(tx: EntityManager, row: IssueRow): Promise<void> {
  await tx.query(`UPDATE coupon_issue SET issued = $2, after_member = $3, finished_at = $4 WHERE issue_id = $1`, [
    row.issueId,
    row.issued,
    row.afterMember,
    row.finishedAt,
  ]);
}
