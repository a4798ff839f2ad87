import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { PostgresProxy, type Session } from './postgres-proxy.js';
import { isCommit } from './postgres-wire.js';

const server = process.env.REGULARS_TEST_DATABASE_URL ?? '';
const schema = `faults_${process.pid}_${Date.now()}`;
let proxy: PostgresProxy;
let direct: pg.Client;

beforeAll(async () => {
  proxy = await PostgresProxy.start(server);
  direct = new pg.Client({ connectionString: server });
  await direct.connect();
  await direct.query(`create schema ${schema}; create table ${schema}.noted (n integer)`);
});

afterEach(() => {
  proxy.trap = undefined;
});

afterAll(async () => {
  await direct.query(`drop schema ${schema} cascade`);
  await direct.end();
  await proxy.close();
});

async function through(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: proxy.through(server), application_name: 'lane' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function note(client: pg.Client, n: number): Promise<void> {
  await client.query('begin');
  await client.query(`insert into ${schema}.noted values ($1)`, [n]);
  await client.query('commit');
}

async function isNoted(n: number): Promise<boolean> {
  return (await direct.query(`select from ${schema}.noted where n = $1`, [n])).rowCount === 1;
}

describe('The proxy before PostgreSQL', () => {
  it('[O2] passes everything on while there is no trap', async () => {
    const client = await through();
    await note(client, 1);
    const { rows } = await client.query<{ text: string }>("select repeat('x', 200000) as text");
    expect(rows[0]?.text).toHaveLength(200_000);
    await client.end();
    expect(await isNoted(1)).toBe(true);
  });

  it('[L1] cuts after the server has committed and before the client hears of it', async () => {
    const client = await through();
    proxy.trap = (moment) => (moment === 'done' ? 'cut' : 'pass');
    await expect(note(client, 2)).rejects.toThrow();
    expect(await isNoted(2)).toBe(true);
  });

  it('[L1] cuts before the server has seen the COMMIT', async () => {
    const client = await through();
    proxy.trap = (moment) => (moment === 'sent' ? 'cut' : 'pass');
    await expect(note(client, 3)).rejects.toThrow();
    expect(await isNoted(3)).toBe(false);
  });

  it('[L1] holds a COMMIT back until the client is gone, and then nothing is stored', async () => {
    const client = await through();
    const held = new Promise<void>((resolve) => {
      proxy.trap = () => {
        resolve();
        return 'hold';
      };
    });
    const noting = note(client, 4);
    noting.catch(() => undefined);
    await held;
    proxy.trap = undefined;
    await client.end();
    await expect(noting).rejects.toThrow();
    expect(await isNoted(4)).toBe(false);
  });

  it('[L1] knows the COMMIT of a pipelining client, its user and what its transaction ran', async () => {
    const client = new pg.Client({
      connectionString: proxy.through(server),
      application_name: 'lane',
      pipeline: true,
    });
    client.on('error', () => undefined);
    await client.connect();
    const seen: string[] = [];
    proxy.trap = (moment, session: Session) => {
      seen.push(`${moment} ${session.applicationName} ${session.statements.length}`);
      return 'pass';
    };
    await Promise.all([
      client.query('begin'),
      client.query({ name: 'note', text: `insert into ${schema}.noted values ($1)`, values: [5] }),
      client.query('commit'),
    ]);
    await Promise.all([
      client.query('begin'),
      client.query({ name: 'note', text: `insert into ${schema}.noted values ($1)`, values: [6] }),
      client.query('commit'),
    ]);
    await client.end();
    expect(seen).toEqual(['sent lane 3', 'done lane 3', 'sent lane 3', 'done lane 3']);
    expect(await isNoted(6)).toBe(true);
  });

  it('[L1] takes a COMMIT for one however it is written, and nothing else', () => {
    for (const text of ['COMMIT', 'commit;', ' Commit work ', 'end', 'insert into t values (1); commit']) {
      expect(isCommit(text)).toBe(true);
    }
    for (const text of ['select 1', "select 'commit'", 'commit prepared x', 'create table commit_log ()', 'begin']) {
      expect(isCommit(text)).toBe(false);
    }
  });
});
