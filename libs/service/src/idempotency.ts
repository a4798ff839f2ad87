import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';

/** The table that a service's first migration makes where its writes carry an idempotency key. */
export const idempotencyTable = `
CREATE TABLE idempotency (
  caller text NOT NULL,
  route text NOT NULL,
  key text NOT NULL,
  fingerprint bytea NOT NULL,
  result jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (caller, route, key)
)`;

/** A write that may be repeated. */
export interface RepeatableWrite {
  /** Subject of the principal: keys of different callers never meet. */
  readonly caller: string;
  /** Name of the RPC. */
  readonly route: string;
  /** From the Idempotency-Key header; a write without one is done as often as it is asked for. */
  readonly key: string | undefined;
  /** The request without its key; what decides whether it is the same request. */
  readonly body: unknown;
}

export type Once<Result> =
  | { readonly outcome: 'done'; readonly result: Result; readonly replayed: boolean }
  | { readonly outcome: 'refused'; readonly reason: 'IDEMPOTENCY_KEY_REUSED' };

/**
 * Does a write at most once for each caller, route and key, in the owner's transaction. A concurrent duplicate waits for
 * the first. The result is stored beside the state, so a replay answers the same (architecture: "Uniqueness twice"); it
 * must be plain JSON without personal data. When `work` throws, nothing remains and the key is free again.
 */
export async function once<Result>(
  tx: EntityManager,
  write: RepeatableWrite,
  work: () => Promise<Result>,
): Promise<Once<Result>> {
  if (write.key === undefined) return { outcome: 'done', result: await work(), replayed: false };
  const fingerprint = fingerprintOf(write.body);
  const mine = await tx.query<unknown[]>(
    `INSERT INTO idempotency (caller, route, key, fingerprint) VALUES ($1, $2, $3, $4)
     ON CONFLICT DO NOTHING RETURNING 1`,
    [write.caller, write.route, write.key, fingerprint],
  );
  if (mine.length === 0) return replay(tx, write, fingerprint);
  const result = await work();
  await tx.query(`UPDATE idempotency SET result = $4 WHERE caller = $1 AND route = $2 AND key = $3`, [
    write.caller,
    write.route,
    write.key,
    JSON.stringify(result),
  ]);
  return { outcome: 'done', result, replayed: false };
}

/**
 * Forgets some keys that are too old to be repeated, along the index on created_at. @returns how many
 *
 * @param most few enough for a short transaction
 */
export async function forgetKeys(tx: EntityManager, before: Date, most: number): Promise<number> {
  const [forgotten] = await tx.query<[unknown[], number]>(
    `DELETE FROM idempotency WHERE ctid = ANY (ARRAY(SELECT ctid FROM idempotency WHERE created_at < $1 LIMIT $2))
     RETURNING 1`,
    [before, most],
  );
  return forgotten.length;
}

/** SHA-256 over the canonical JSON of a request: the order of its fields does not matter. */
export function fingerprintOf(body: unknown): Buffer {
  return createHash('sha256').update(canonical(body)).digest();
}

async function replay<Result>(tx: EntityManager, write: RepeatableWrite, fingerprint: Buffer): Promise<Once<Result>> {
  const [stored] = await tx.query<{ fingerprint: Buffer; result: Result }[]>(
    `SELECT fingerprint, result FROM idempotency WHERE caller = $1 AND route = $2 AND key = $3`,
    [write.caller, write.route, write.key],
  );
  if (!stored) throw new Error('the idempotency row vanished inside the transaction that waited for it');
  if (!stored.fingerprint.equals(fingerprint)) return { outcome: 'refused', reason: 'IDEMPOTENCY_KEY_REUSED' };
  return { outcome: 'done', result: stored.result, replayed: true };
}

function canonical(value: unknown): string {
  if (value instanceof Date) return JSON.stringify(value);
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'));
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    return `{${fields
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`)
      .join(',')}}`;
  }
  return value === undefined ? 'null' : JSON.stringify(value);
}
