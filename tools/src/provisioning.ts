import pg from 'pg';
import { OWNERS, type OwnerName } from './services.js';

export interface Provisioned {
  database: string;
  /** The administrator's URL of this database. */
  adminUrl: string;
  /** A URL per owner, with its own role. */
  urls: Record<OwnerName, string>;
}

/**
 * Makes a database with a role and a schema per owner; safe to repeat, and what is there stays.
 *
 * A role owns its schema, finds it first (`search_path`) and reaches no other: the database is closed to everyone else,
 * `public` to everyone. Roles are named `<database>_<owner>`, because roles belong to the whole server and databases of
 * tests stand beside the one of a running platform.
 *
 * @param adminUrl URL of any database on the server, with the right to make databases and roles
 * @param passwords a password per owner; set again each time
 */
export async function provision(
  adminUrl: string,
  database: string,
  passwords: Record<OwnerName, string>,
): Promise<Provisioned> {
  await withClient(adminUrl, async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (!rowCount) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(database)}`);
  });
  const ownUrl = urlOf(adminUrl, { database });
  await withClient(ownUrl, (client) => client.query(statements(database, passwords)));
  const urls = OWNERS.map((owner) => [
    owner,
    urlOf(adminUrl, { database, user: roleOf(database, owner), password: passwords[owner] }),
  ]);
  return { database, adminUrl: ownUrl, urls: Object.fromEntries(urls) as Record<OwnerName, string> };
}

/** Removes the database and its roles; clients that are still connected are cut. */
export async function unprovision(adminUrl: string, database: string): Promise<void> {
  await withClient(adminUrl, async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(database)} WITH (FORCE)`);
    const roles = OWNERS.map((owner) => pg.escapeIdentifier(roleOf(database, owner)));
    await client.query(`DROP ROLE IF EXISTS ${roles.join(', ')}`);
  });
}

function roleOf(database: string, owner: OwnerName): string {
  return `${database}_${owner}`;
}

/** One text, so one round trip and one transaction. */
function statements(database: string, passwords: Record<OwnerName, string>): string {
  const name = pg.escapeIdentifier(database);
  const closed = `REVOKE ALL ON DATABASE ${name} FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC;`;
  const owners = OWNERS.map((owner) => {
    const role = pg.escapeIdentifier(roleOf(database, owner));
    const password = pg.escapeLiteral(passwords[owner]);
    return `
      DO $do$ BEGIN
        CREATE ROLE ${role};
      EXCEPTION WHEN duplicate_object THEN NULL;
      END $do$;
      ALTER ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD ${password};
      ALTER ROLE ${role} IN DATABASE ${name} SET search_path = ${owner};
      GRANT CONNECT, TEMPORARY ON DATABASE ${name} TO ${role};
      GRANT ${role} TO CURRENT_USER;
      CREATE SCHEMA IF NOT EXISTS ${owner} AUTHORIZATION ${role};`;
  });
  return closed + owners.join('');
}

function urlOf(adminUrl: string, to: { database: string; user?: string; password?: string }): string {
  const url = new URL(adminUrl);
  url.pathname = `/${to.database}`;
  if (to.user) url.username = to.user;
  if (to.password) url.password = to.password;
  return url.toString();
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
