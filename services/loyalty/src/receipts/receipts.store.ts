import type { Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import type { QueryConfig } from 'pg';
import type { EntityManager } from 'typeorm';
import { columnOf } from '../lanes/column.js';

/** An answer to be given again under its key (architecture: the purchase path, 4). */
export interface KeyRow {
  readonly caller: string;
  readonly key: string;
  readonly fingerprint: Buffer;
  /** JSON. */
  readonly result: string;
}

/** A body that was not taken, because its receipt stands with another one. */
export interface ConflictRow {
  readonly programmeId: string;
  readonly receipt: Receipt;
  readonly fingerprint: Buffer;
  /** JSON. */
  readonly body: string;
}

/** Sorted by key, so that two batches that insert the same ones wait for each other. */
export function keysStatement(route: string, rows: readonly KeyRow[], now: string): QueryConfig {
  const sorted = [...rows].sort((a, b) => compare(a.caller, b.caller) || compare(a.key, b.key));
  return {
    name: 'record_keys',
    text: `INSERT INTO idempotency (caller, route, key, fingerprint, result, created_at)
      SELECT caller, $5, key, fingerprint, result, $6::timestamptz
      FROM unnest($1::text[], $2::text[], $3::bytea[], $4::json[]) AS k (caller, key, fingerprint, result)`,
    values: [
      columnOf(sorted, ({ caller }) => caller),
      columnOf(sorted, ({ key }) => key),
      columnOf(sorted, ({ fingerprint }) => fingerprint),
      columnOf(sorted, ({ result }) => result),
      route,
      now,
    ],
  };
}

export function conflictsStatement(kind: string, rows: readonly ConflictRow[], now: string): QueryConfig {
  return {
    name: 'record_conflicts',
    text: `INSERT INTO receipt_conflict (programme_id, store_id, till_id, business_date, receipt_number, fingerprint, body,
        kind, posted_at)
      SELECT *, $8, $9::timestamptz FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::text[],
        $6::bytea[], $7::json[]) ORDER BY 1, 2, 3, 4, 5, 6
      ON CONFLICT DO NOTHING`,
    values: [
      columnOf(rows, ({ programmeId }) => programmeId),
      columnOf(rows, ({ receipt }) => receipt.storeId),
      columnOf(rows, ({ receipt }) => receipt.tillId),
      columnOf(rows, ({ receipt }) => receipt.businessDate),
      columnOf(rows, ({ receipt }) => receipt.receiptNumber),
      columnOf(rows, ({ fingerprint }) => fingerprint),
      columnOf(rows, ({ body }) => body),
      kind,
      now,
    ],
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Whether all of what a receipt bought was given back. Its purchase is locked, as a refund locks it, so that what is
 * confirmed for it in this transaction is either refused or seen by the refund.
 */
export async function isGivenBack(tx: EntityManager, programmeId: string, receipt: Receipt): Promise<boolean> {
  const { storeId, tillId, businessDate, receiptNumber } = receipt;
  const [row] = await tx.query<{ isWhole: boolean | null }[]>(
    `SELECT refunded::jsonb = (
       SELECT jsonb_agg(jsonb_build_array(l.line->3, l.line->4) ORDER BY l.place)
       FROM json_array_elements(lines) WITH ORDINALITY l (line, place)
     ) AS "isWhole"
     FROM purchase
     WHERE programme_id = $1 AND store_id = $2 AND till_id = $3 AND business_date = $4 AND receipt_number = $5
     FOR UPDATE`,
    [programmeId, storeId, tillId, businessDate, receiptNumber],
  );
  return row?.isWhole ?? false;
}
