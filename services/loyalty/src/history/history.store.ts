import type { Page } from '@regulars/service';
import type { EntityManager } from 'typeorm';

/** A purchase as it is booked. */
export interface BookedRow {
  readonly programmeId: string;
  readonly memberSeq: number;
  readonly currency: string;
  /** Null for one that is older than what is kept. */
  readonly purchaseId: string | null;
  readonly storeId: string;
  readonly tillId: string;
  readonly businessDate: string;
  readonly receiptNumber: string;
  readonly rungAt: Date;
  readonly offsetMinutes: number;
  readonly totalMinor: number;
  readonly channel: string;
  readonly partySize: number;
  readonly lines: readonly (readonly [sku: string, name: string, category: string, quantity: number, amount: number])[];
  readonly refunded: readonly (readonly [quantityMilli: number, amountMinor: number])[] | null;
  /** The refunds that are in it. */
  readonly refundIds: readonly string[];
}

/**
 * One more than a page of what was credited to a member. Purchases are found by their entries: by store, its tills and
 * the business date along purchase_claim, because nothing on the purchase path keeps an index by member.
 */
export function bookedOf(tx: EntityManager, memberId: string, { after, limit }: Page): Promise<BookedRow[]> {
  return tx.query<BookedRow[]>(
    `SELECT e.programme_id AS "programmeId", e.member_seq AS "memberSeq", g.currency, p.purchase_id AS "purchaseId",
       p.store_id AS "storeId", p.till_id AS "tillId", to_char(p.business_date, 'YYYY-MM-DD') AS "businessDate",
       p.receipt_number AS "receiptNumber", p.rung_at AS "rungAt", p.rung_at_offset_minutes AS "offsetMinutes",
       p.total_minor AS "totalMinor", p.channel, p.party_size AS "partySize", p.lines, p.refunded,
       ARRAY(SELECT f.refund_id FROM refund f
         WHERE f.programme_id = p.programme_id AND f.purchase_store_id = p.store_id AND f.purchase_till_id = p.till_id
           AND f.purchase_business_date = p.business_date AND f.purchase_receipt_number = p.receipt_number
           AND f.state <> 'waiting') AS "refundIds"
     FROM (
       SELECT * FROM entry
       WHERE member_id = $1 AND kind = 'earn' AND ($2::uuid IS NULL OR (programme_id, member_seq) > ($2, $3::bigint))
       ORDER BY programme_id, member_seq LIMIT $4
     ) e
     JOIN programme g ON g.programme_id = e.programme_id
     LEFT JOIN LATERAL (
       SELECT p.* FROM till t
       JOIN purchase p ON p.programme_id = e.programme_id AND p.store_id = e.store_id AND p.till_id = t.till_id
         AND p.business_date = e.business_date AND p.purchase_id = e.source_id
       WHERE t.store_id = e.store_id
       LIMIT 1
     ) p ON true
     ORDER BY e.programme_id, e.member_seq`,
    [memberId, after?.[0] ?? null, after?.[1] ?? null, limit + 1],
  );
}
