import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Api, accepted, type Platform } from '@regulars/tools';
import type pg from 'pg';
import { nameOf } from './filled-members.js';
import { type MembersCode, type Queries, registerRows } from './members-code.js';

const ROWS = 20_000;
const WARM_UP_ROWS = 2_000;
/** As many as the service registers in a transaction. */
const ROWS_AT_ONCE = 500;
const TARGET_PER_SECOND = 5_000;

export interface Imported {
  readonly rows: number;
  /** From the first byte of the file to the last row registered. */
  readonly perSecond: number;
  /** The service's own statements with the same kind of rows, sealed before, by node-postgres alone. */
  readonly barePerSecond: number;
  readonly ratio: number;
  readonly targetPerSecond: number;
  readonly isMet: boolean;
}

/** How fast members are registered from a file (requirement M1): by HTTP, with everything running. */
export async function measureImport(platform: Platform, code: MembersCode, pool: pg.Pool): Promise<Imported> {
  await imported(platform, fileOf('w', WARM_UP_ROWS));
  const perSecond = ROWS / (await imported(platform, fileOf('i', ROWS)));
  const barePerSecond = ROWS / (await writtenBare(code, pool));
  const ratio = perSecond / barePerSecond;
  return {
    rows: ROWS,
    perSecond,
    barePerSecond,
    ratio,
    targetPerSecond: TARGET_PER_SECOND,
    isMet: perSecond >= TARGET_PER_SECOND,
  };
}

/** Rows with a name, a mobile that nobody has, and for every other a birthday. */
function fieldsOf(run: 'w' | 'i' | 'b', place: number) {
  const mobile = `1${{ w: 35, i: 36, b: 39 }[run]}${String(place).padStart(8, '0')}`;
  const birthday = place % 2 === 0 ? '1990-05-17' : '';
  return { externalId: `${run}${place}`, name: nameOf(place), mobile, birthday };
}

function fileOf(run: 'w' | 'i', rows: number): string {
  const lines = Array.from({ length: rows }, (_, place) => Object.values(fieldsOf(run, place)).join(','));
  return `externalId,name,mobile,birthday\r\n${lines.join('\r\n')}\r\n`;
}

/** @returns seconds */
async function imported({ gateway, tokens }: Platform, file: string): Promise<number> {
  const api = new Api(gateway.url, tokens.administrator);
  const terms = { benefitsVersion: '2026-05', privacyVersion: '2026-05', acceptedAt: '2026-05-01T00:00:00Z' };
  const begun = await api.post('/v1/imports', { format: 'csv', source: 'bench', ...terms });
  const { importId } = accepted(begun, 'beginning an import') as { importId: string };
  const began = performance.now();
  const handed = await fetch(`${gateway.url}/v1/imports/${importId}/file`, {
    method: 'PUT',
    headers: {
      authorization: `Bearer ${tokens.administrator}`,
      'content-type': 'text/csv',
      'idempotency-key': randomUUID(),
    },
    body: file,
  });
  if (!handed.ok) throw new Error(`Handing a file over: ${handed.status} ${await handed.text()}`);
  for (;;) {
    const answer = await api.get(`/v1/imports/${importId}`);
    // While rows are registered a busy machine may not answer in time: it is asked again.
    if (answer.status === 503) continue;
    const read = accepted(answer, 'reading an import') as { state: string; rejected: number };
    if (read.state === 'failed' || read.rejected > 0) throw new Error(`An import came to ${JSON.stringify(read)}`);
    if (read.state === 'done') return (performance.now() - began) / 1_000;
    await sleep(50);
  }
}

/** @returns seconds for the statements alone */
async function writtenBare(code: MembersCode, pool: pg.Pool): Promise<number> {
  const client = await pool.connect();
  try {
    let seconds = 0;
    for (let from = 0; from < ROWS; from += ROWS_AT_ONCE) {
      const statements = await statementsOf(code, client, from);
      const began = performance.now();
      await client.query('BEGIN');
      for (const { sql, values } of statements) await client.query(sql, values);
      await client.query('COMMIT');
      seconds += (performance.now() - began) / 1_000;
    }
    return seconds;
  } finally {
    client.release();
  }
}

/** The statements by which the service registers some rows, as it sends them; nothing of that stays. */
async function statementsOf(code: MembersCode, client: pg.PoolClient, from: number) {
  const statements: { sql: string; values: unknown[] }[] = [];
  const told: Queries = {
    query: async (sql, values = []) => {
      statements.push({ sql, values });
      return (await client.query<object>(sql, values)).rows;
    },
  };
  const rows = Array.from({ length: ROWS_AT_ONCE }, (_, at) => fieldsOf('b', from + at));
  await client.query('BEGIN');
  await registerRows(code, told, rows);
  await client.query('ROLLBACK');
  return statements;
}
