import type { EntityManager } from 'typeorm';
import type { Back, Visit } from './visit.js';

/** A visit as an event tells of it. */
export type NewVisit = Omit<Visit, 'givenBack'> & { readonly memberId: string };

/** What a refund gave back. */
export interface NewRefund {
  readonly memberId: string;
  readonly purchaseId: string;
  readonly refundId: string;
  readonly lines: readonly Back[];
}

/** Adds visits of members who are there, each once, in one statement. */
export async function addVisits(tx: EntityManager, visits: readonly NewVisit[]): Promise<void> {
  await tx.query(
    `INSERT INTO visit (member_id, purchase_id, programme_id, store_id, business_date, rung_at,
       rung_at_offset_minutes, currency, total_minor, channel, party_size, lines)
     SELECT v.* FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::date[], $6::timestamptz[],
       $7::smallint[], $8::text[], $9::bigint[], $10::text[], $11::integer[], $12::json[])
       AS v (member_id, purchase_id, programme_id, store_id, business_date, rung_at,
         rung_at_offset_minutes, currency, total_minor, channel, party_size, lines)
     JOIN member m ON m.member_id = v.member_id AND m.gone_at IS NULL
     ON CONFLICT DO NOTHING`,
    [
      visits.map((visit) => visit.memberId),
      visits.map((visit) => visit.purchaseId),
      visits.map((visit) => visit.programmeId),
      visits.map((visit) => visit.storeId),
      visits.map((visit) => visit.businessDate),
      visits.map((visit) => visit.rungAt.toISOString()),
      visits.map((visit) => visit.offsetMinutes),
      visits.map((visit) => visit.currency),
      visits.map((visit) => visit.totalMinor),
      visits.map((visit) => visit.channel),
      visits.map((visit) => visit.partySize),
      visits.map((visit) => JSON.stringify(visit.lines)),
    ],
  );
}

/** Adds what refunds gave back, each once, in one statement; their visits may come later. */
export async function addRefunds(tx: EntityManager, refunds: readonly NewRefund[]): Promise<void> {
  await tx.query(
    `INSERT INTO visit_refund (member_id, purchase_id, refund_id, lines)
     SELECT r.* FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::json[])
       AS r (member_id, purchase_id, refund_id, lines)
     JOIN member m ON m.member_id = r.member_id AND m.gone_at IS NULL
     ON CONFLICT DO NOTHING`,
    [
      refunds.map((refund) => refund.memberId),
      refunds.map((refund) => refund.purchaseId),
      refunds.map((refund) => refund.refundId),
      refunds.map((refund) => JSON.stringify(refund.lines)),
    ],
  );
}

/**
 * Members were at a till: a sign of life. To the day is enough for the rule of idle mobiles, so a member's row is written
 * once a day at most; locked in an order that is the same for everyone.
 */
export async function seenAtTills(tx: EntityManager, last: ReadonlyMap<string, Date>): Promise<void> {
  await tx.query(
    `WITH late AS (
       SELECT m.member_id, s.at FROM unnest($1::uuid[], $2::timestamptz[]) AS s (member_id, at)
       JOIN member m USING (member_id)
       WHERE m.seen_at < s.at - interval '1 day' ORDER BY m.member_id FOR NO KEY UPDATE OF m
     )
     UPDATE member SET seen_at = late.at FROM late WHERE member.member_id = late.member_id AND seen_at < late.at`,
    [[...last.keys()], [...last.values()].map((at) => at.toISOString())],
  );
}

interface VisitRow extends Omit<KeptVisit, 'givenBack'> {
  readonly refunds: readonly (readonly Back[])[] | null;
}

/** A visit, and under which of the ids of one person it is kept. */
export type KeptVisit = Visit & { readonly memberId: string };

/**
 * The newest visits of one person since a business date, newest first: of each id that she had backwards along the
 * primary key.
 */
export async function visitsOf(
  tx: EntityManager,
  memberIds: readonly string[],
  since: string,
  most: number,
): Promise<KeptVisit[]> {
  const rows = await tx.query<VisitRow[]>(
    `SELECT v.* FROM unnest($1::uuid[]) AS person (member_id) CROSS JOIN LATERAL (
       SELECT v.member_id AS "memberId", purchase_id AS "purchaseId", programme_id AS "programmeId",
         store_id AS "storeId", to_char(business_date, 'YYYY-MM-DD') AS "businessDate", rung_at AS "rungAt",
         rung_at_offset_minutes AS "offsetMinutes", currency, total_minor AS "totalMinor", channel,
         party_size AS "partySize", lines,
         (SELECT json_agg(r.lines ORDER BY refund_id) FROM visit_refund r
           WHERE r.member_id = v.member_id AND r.purchase_id = v.purchase_id) AS refunds
       FROM visit v WHERE v.member_id = person.member_id AND business_date >= $2
       ORDER BY purchase_id DESC LIMIT $3
     ) v ORDER BY "purchaseId" DESC LIMIT $3`,
    [memberIds, since, most],
  );
  return rows.map(({ refunds, ...row }) => ({ ...row, givenBack: (refunds ?? []).flat() }));
}

/** Forgets what is kept of purchases, so that it can be written anew. */
export async function dropVisits(
  tx: EntityManager,
  memberIds: readonly string[],
  purchaseIds: readonly string[],
): Promise<void> {
  for (const table of ['visit', 'visit_refund']) {
    await tx.query(`DELETE FROM ${table} WHERE member_id = ANY ($1::uuid[]) AND purchase_id = ANY ($2::uuid[])`, [
      memberIds,
      purchaseIds,
    ]);
  }
}

/** Deletes some visits that are older than what is shown, and what came in for members while they were erased. */
export async function forgetVisits(tx: EntityManager, before: Date, goneSince: Date, most: number): Promise<number> {
  const [row] = await tx.query<[{ forgotten: number }]>(
    `WITH old AS (
       DELETE FROM visit WHERE (member_id, purchase_id) IN (
         (SELECT member_id, purchase_id FROM visit WHERE rung_at < $1 LIMIT $3)
         UNION ALL
         (SELECT v.member_id, v.purchase_id FROM member m JOIN visit v ON v.member_id = m.member_id
          WHERE m.gone_at > $2 LIMIT $3))
       RETURNING member_id, purchase_id
     ), refunds AS (
       DELETE FROM visit_refund r USING old WHERE r.member_id = old.member_id AND r.purchase_id = old.purchase_id
     )
     SELECT count(*)::integer AS forgotten FROM old`,
    [before, goneSince, most],
  );
  return row.forgotten;
}

/** What is kept of the visits of a member, as records of an export. */
export async function visitRecords(tx: EntityManager, memberId: string): Promise<object[]> {
  const rows = await tx.query<{ record: object }[]>(
    `SELECT json_build_object('kind', 'visit', 'purchaseId', purchase_id, 'storeId', store_id,
       'businessDate', business_date, 'rungAt', rung_at, 'partySize', party_size, 'lines', lines) AS record
     FROM visit WHERE member_id = $1 ORDER BY purchase_id`,
    [memberId],
  );
  return rows.map(({ record }) => record);
}
