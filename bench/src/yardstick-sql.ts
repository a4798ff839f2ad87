import pg from 'pg';

/** Columns of one purchase as loyalty has written it, table by table, as SQL literals. */
export interface WrittenPurchase {
  idempotency: Row;
  purchase: Row;
  account: Row;
  member_day: Row;
  entry: Row;
  lot: Row;
  outbox: Row;
}

/** Column → SQL literal with its type, or an expression. */
export type Row = Record<string, string>;

export interface YardstickSql {
  /** A script of pgbench: a statement for each table between BEGIN and COMMIT. */
  perTable: string;
  /** Makes the function that writes the same rows. */
  createFunction: string;
  /** A script of pgbench: one call of that function, which is a transaction by itself. */
  call: string;
  /** The same call for a plain client: run, client, number, member. */
  callStatement: string;
}

/**
 * What the database alone would have to do for a purchase: the same rows as loyalty's, with its values, into tables that
 * loyalty's own migrations made. Only what must differ differs: ids, keys, receipt numbers and the member.
 */
export function yardstickSql(written: WrittenPurchase): YardstickSql {
  const inScript: Place = {
    id: idOf(':run', ':client_id', ':n'),
    text: `(:run::text || '-' || :client_id::text || '-' || :n::text)`,
    member: memberOf(':member'),
    seq: ':member_seq::bigint',
    balance: ':balance::bigint',
  };
  const inFunction: Place = {
    id: 'own_id',
    text: 'own_text',
    member: 'own_member',
    seq: 'own_seq',
    balance: 'own_balance',
  };
  const script = statementsOf(written, inScript);
  const body = statementsOf(written, inFunction);
  return {
    perTable: [
      '\\set n :n + 1',
      '\\set member random(1, :members)',
      'BEGIN;',
      ...script.first.map((sql) => `${sql};`),
      `${script.account} RETURNING member_seq, balance \\gset`,
      ...script.rest.map((sql) => `${sql};`),
      'COMMIT;',
      '',
    ].join('\n'),
    createFunction: `CREATE OR REPLACE FUNCTION yardstick_purchase(run bigint, client bigint, n bigint, member bigint)
RETURNS bigint LANGUAGE plpgsql AS $yardstick$
DECLARE
  own_id uuid := ${idOf('run', 'client', 'n')};
  own_text text := run::text || '-' || client::text || '-' || n::text;
  own_member uuid := ${memberOf('member')};
  own_seq bigint;
  own_balance bigint;
BEGIN
${body.first.map((sql) => `  ${sql};`).join('\n')}
  ${body.account} RETURNING account.member_seq, account.balance INTO own_seq, own_balance;
${body.rest.map((sql) => `  ${sql};`).join('\n')}
  RETURN own_balance;
END $yardstick$`,
    call: '\\set n :n + 1\n\\set member random(1, :members)\nSELECT yardstick_purchase(:run, :client_id, :n, :member);\n',
    callStatement: 'SELECT yardstick_purchase($1, $2, $3, $4)',
  };
}

/** Expressions for what differs from purchase to purchase. */
interface Place {
  id: string;
  text: string;
  member: string;
  seq: string;
  balance: string;
}

function statementsOf(written: WrittenPurchase, place: Place): { first: string[]; account: string; rest: string[] } {
  const member = { member_id: place.member };
  const [points, spent] = [written.entry.points ?? '0', written.purchase.total_minor ?? '0'];
  const upsert = (table: 'account' | 'member_day', row: Row, key: string, sets: string) =>
    `${insert(table, row)} ON CONFLICT (${key}) DO UPDATE SET ${sets}`;
  return {
    first: [
      insert('idempotency', { ...written.idempotency, key: place.text }),
      insert('purchase', { ...written.purchase, ...member, purchase_id: place.id, receipt_number: place.text }),
    ],
    account: upsert(
      'account',
      { ...written.account, ...member, member_seq: '1', balance: points },
      'member_id, programme_id',
      'balance = account.balance + excluded.balance, member_seq = account.member_seq + 1, posted_at = excluded.posted_at',
    ),
    rest: [
      upsert(
        'member_day',
        { ...written.member_day, ...member, points, spent_minor: spent },
        'member_id, programme_id, business_date',
        'points = member_day.points + excluded.points, spent_minor = member_day.spent_minor + excluded.spent_minor',
      ),
      insert('entry', {
        ...written.entry,
        ...member,
        entry_id: place.id,
        source_id: place.id,
        member_seq: place.seq,
        balance_after: place.balance,
      }),
      insert('lot', { ...written.lot, ...member, lot_id: place.id }),
      insert('outbox', {
        ...written.outbox,
        id: place.id,
        aggregateid: `${place.member}::text`,
        member_seq: place.seq,
      }),
    ],
  };
}

function insert(table: string, row: Row): string {
  const columns = Object.keys(row).map((name) => pg.escapeIdentifier(name));
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${Object.values(row).join(', ')})`;
}

/** Ids that grow with time, as version 7 does, so that indexes are filled at their end here too. */
function idOf(run: string, client: string, n: string): string {
  return `('0199' || lpad(to_hex(${run}::bigint), 8, '0') || lpad(to_hex(${n}::bigint * 64 + ${client}::bigint), 20, '0'))::uuid`;
}

function memberOf(number: string): string {
  return `md5(${number}::text)::uuid`;
}
