import pg from 'pg';
import type { Row, WrittenPurchase } from './yardstick-sql.js';

/**
 * Reads what loyalty has written for one typical purchase, so that the yardstick writes the same.
 *
 * @param client in loyalty's schema of the running platform
 * @throws when no purchase with three lines has been credited
 */
export async function readWrittenPurchase(client: pg.Client): Promise<WrittenPurchase> {
  const { rows } = await client.query<{ purchase_id: string; member_id: string; business_date: string }>(
    `SELECT purchase_id, member_id, business_date::text FROM purchase
     WHERE state = 'credited' AND json_array_length(lines) = 3 ORDER BY posted_at DESC LIMIT 1`,
  );
  const [found] = rows;
  if (!found) throw new Error('There is no credited purchase of three lines to take as the pattern');
  const { purchase_id: id, member_id: member, business_date: date } = found;
  return {
    idempotency: await rowOf(
      client,
      'idempotency',
      `key = (SELECT receipt_number FROM purchase WHERE purchase_id = $1)`,
      [id],
    ),
    purchase: await rowOf(client, 'purchase', 'purchase_id = $1', [id]),
    account: await rowOf(client, 'account', 'member_id = $1', [member]),
    member_day: await rowOf(client, 'member_day', 'member_id = $1 AND business_date = $2', [member, date]),
    entry: await rowOf(client, 'entry', 'source_id = $1', [id]),
    lot: await rowOf(client, 'lot', 'lot_id = (SELECT entry_id FROM entry WHERE source_id = $1)', [id]),
    outbox: await rowOf(client, 'outbox', `payload->>'purchaseId' = $1`, [id]),
  };
}

/** Columns that the database fills in by itself. */
const OWN_VALUES = `is_identity = 'YES' OR is_generated = 'ALWAYS' OR column_name IN ('xid', 'generation', 'created_at')`;

async function rowOf(client: pg.Client, table: string, where: string, values: readonly string[]): Promise<Row> {
  const { rows: columns } = await client.query<{ name: string; type: string }>(
    `SELECT column_name AS name, format_type(atttypid, atttypmod) AS type
     FROM information_schema.columns JOIN pg_attribute ON attrelid = to_regclass($1) AND attname = column_name
     WHERE table_schema = current_schema AND table_name = $1
       AND NOT (${OWN_VALUES} AND (is_identity = 'YES' OR column_default IS NOT NULL))
     ORDER BY ordinal_position`,
    [table],
  );
  const texts = columns.map(({ name }) => `${pg.escapeIdentifier(name)}::text`).join(', ');
  const { rows } = await client.query<(string | null)[]>({
    text: `SELECT ${texts} FROM ${table} WHERE ${where} LIMIT 1`,
    values: [...values],
    rowMode: 'array',
  });
  const [row] = rows;
  if (!row) throw new Error(`Loyalty has written no row into ${table} for the purchase taken as the pattern`);
  return Object.fromEntries(
    columns.map(({ name, type }, i) => {
      const text = row[i];
      return [name, text === null || text === undefined ? 'NULL' : `${literalOf(text)}::${type}`];
    }),
  );
}

/** A literal in which pgbench finds no variable: it takes `:name` for one inside quotes too. */
function literalOf(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll(':', '\\x3a')}'`;
}
