import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { type Provisioned, provision, unprovision } from './provisioning.js';
import { OWNERS, type OwnerName } from './services.js';

const adminUrl = process.env.REGULARS_TEST_DATABASE_URL ?? '';
const database = `provisioning_${randomBytes(4).toString('hex')}`;
const passwords = Object.fromEntries(OWNERS.map((owner) => [owner, `${owner}'s "secret"`])) as Record<
  OwnerName,
  string
>;

describe('A provisioned database', () => {
  let provisioned: Provisioned;

  beforeAll(async () => {
    provisioned = await provision(adminUrl, database, passwords);
    await ask('members', 'CREATE TABLE member (name text)');
  });

  afterAll(() => unprovision(adminUrl, database));

  it('lets each service find its own schema first', async () => {
    expect(await ask('members', 'SELECT current_schema()')).toEqual([{ current_schema: 'members' }]);
    expect(await ask('loyalty', 'SELECT current_schema()')).toEqual([{ current_schema: 'loyalty' }]);
  });

  it("keeps a service out of another's schema", async () => {
    await expect(ask('loyalty', 'SELECT * FROM members.member')).rejects.toThrow(
      'permission denied for schema members',
    );
    await expect(ask('loyalty', 'CREATE TABLE members.mine (id int)')).rejects.toThrow('permission denied');
    await expect(ask('loyalty', 'SET ROLE members')).rejects.toThrow();
  });

  it('lets no service use the schema that everyone shares', async () => {
    await expect(ask('loyalty', 'CREATE TABLE public.mine (id int)')).rejects.toThrow('permission denied');
  });

  it('is the same after it is provisioned again', async () => {
    await ask('members', "INSERT INTO member VALUES ('kept')");
    const again = await provision(adminUrl, database, passwords);
    expect(again).toEqual(provisioned);
    expect(await ask('members', 'SELECT name FROM member')).toEqual([{ name: 'kept' }]);
  });

  it('is closed to the services of another database on the same server', async () => {
    const other = await provision(adminUrl, `${database}_b`, passwords);
    const url = new URL(other.urls.members);
    url.pathname = `/${database}`;
    try {
      await expect(askAt(url.toString(), 'SELECT 1')).rejects.toThrow('permission denied for database');
    } finally {
      await unprovision(adminUrl, `${database}_b`);
    }
  });

  function ask(owner: OwnerName, sql: string): Promise<unknown[]> {
    return askAt(provisioned.urls[owner], sql);
  }
});

async function askAt(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
