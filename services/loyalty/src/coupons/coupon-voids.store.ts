import type { EntityManager } from 'typeorm';

/** Makes a coupon void, which is locked and can be used. */
export async function markVoid(
  tx: EntityManager,
  code: string,
  { reason, by, now }: { readonly reason: string; readonly by: string; readonly now: Date },
): Promise<void> {
  await tx.query(`UPDATE coupon SET state = 'void' WHERE code = $1`, [code]);
  await tx.query(`INSERT INTO coupon_void (code, reason, voided_by, voided_at) VALUES ($1, $2, $3, $4)`, [
    code,
    reason,
    by,
    now,
  ]);
}

/** How coupons of a kind were used at a store. */
export interface UsageRow {
  readonly storeId: string;
  readonly definitionId: string;
  readonly used: number;
  readonly returned: number;
  readonly discountMinor: number;
}

/** What is asked of the use of coupons. */
export interface UsageAsked {
  readonly programmeId: string;
  readonly from: string;
  readonly until: string;
  /** Undefined: all stores. */
  readonly storeIds: readonly string[] | undefined;
  readonly after: readonly [storeId: string, definitionId: string] | undefined;
  readonly limit: number;
}

/** Use by store and kind after one of them; one more than asked tells whether there are more: coupon_use_by_date. */
export function usageAfter(tx: EntityManager, asked: UsageAsked): Promise<UsageRow[]> {
  const { programmeId, from, until, storeIds, after, limit } = asked;
  return tx.query(
    `SELECT * FROM (
       SELECT u.store_id AS "storeId", (a.coupon->>'definitionId')::uuid AS "definitionId", count(*) AS used,
         count(*) FILTER (WHERE u.state = 'returned') AS returned,
         coalesce(sum((a.coupon->>'discountMinor')::bigint) FILTER (WHERE u.state = 'confirmed'), 0)::bigint
           AS "discountMinor"
       FROM coupon_use u CROSS JOIN LATERAL json_array_elements(u.applied) a (coupon)
       WHERE u.programme_id = $1 AND u.business_date BETWEEN $2 AND $3 AND u.state IN ('confirmed', 'returned')
         AND ($4::uuid[] IS NULL OR u.store_id = ANY ($4))
       GROUP BY 1, 2
     ) AS used
     WHERE $5::uuid IS NULL OR ("storeId", "definitionId") > ($5::uuid, $6::uuid)
     ORDER BY "storeId", "definitionId" LIMIT $7`,
    [programmeId, from, until, storeIds ?? null, after?.[0] ?? null, after?.[1] ?? null, limit + 1],
  );
}
