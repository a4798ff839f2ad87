import type pg from 'pg';
import type { Receipt } from './history.js';

export interface StoredPurchase {
  readonly purchaseId: string;
  readonly receipt: Receipt;
  readonly state: string;
  readonly memberId: string | undefined;
}

export interface StoredEntry {
  readonly entryId: string;
  readonly memberId: string;
  readonly memberSeq: number;
  readonly kind: string;
  readonly points: number;
  readonly balanceAfter: number;
  readonly sourceId: string;
}

/** An event as the outbox has it; one that was written again counts once. */
export interface StoredEvent {
  readonly id: string;
  readonly key: string;
  readonly type: string;
  readonly memberSeq: number | undefined;
}

export interface StoredRefund {
  readonly refundId: string;
  readonly receipt: Receipt;
}

/** What loyalty has stored, read past its code. */
export interface StoredLoyalty {
  readonly refunds: readonly StoredRefund[];
  readonly purchases: readonly StoredPurchase[];
  readonly entries: readonly StoredEntry[];
}

/** Reads all purchases and entries; a scenario makes some ten thousand at most. */
export async function storedLoyalty(client: pg.Client): Promise<StoredLoyalty> {
  const purchases = await client.query<Omit<StoredPurchase, 'receipt'> & Receipt>(
    `select purchase_id as "purchaseId", store_id as "storeId", till_id as "tillId", business_date::text as "businessDate",
       receipt_number as "receiptNumber", state, member_id as "memberId"
     from loyalty.purchase`,
  );
  const entries = await client.query<StoredEntry>(
    `select entry_id as "entryId", member_id as "memberId", member_seq::float8 as "memberSeq", kind,
       points::float8 as points, balance_after::float8 as "balanceAfter", source_id as "sourceId"
     from loyalty.entry`,
  );
  const refunds = await client.query<{ refundId: string } & Receipt>(
    `select refund_id as "refundId", store_id as "storeId", till_id as "tillId", business_date::text as "businessDate",
       receipt_number as "receiptNumber"
     from loyalty.refund`,
  );
  return {
    refunds: refunds.rows.map(({ refundId, ...receipt }) => ({ refundId, receipt })),
    purchases: purchases.rows.map(({ purchaseId, state, memberId, ...receipt }) => {
      const { storeId, tillId, businessDate, receiptNumber } = receipt;
      return { purchaseId, state, memberId, receipt: { storeId, tillId, businessDate, receiptNumber } };
    }),
    entries: entries.rows,
  };
}

/** Reads the events that loyalty has written for a topic (its name without prefix). */
export async function storedEvents(client: pg.Client, topic: string): Promise<StoredEvent[]> {
  const { rows } = await client.query<Omit<StoredEvent, 'memberSeq'> & { memberSeq: number | null }>(
    `select distinct id, aggregateid as key, type, member_seq::float8 as "memberSeq"
     from loyalty.outbox where aggregatetype = $1`,
    [topic],
  );
  return rows.map((row) => ({ ...row, memberSeq: row.memberSeq ?? undefined }));
}
