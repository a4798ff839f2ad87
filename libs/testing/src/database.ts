import { randomBytes } from 'node:crypto';
import { OWNERS, type OwnerName, provision, unprovision } from '@regulars/tools';

/** A database of a test's own, provisioned as an installation's is: a role and a schema for each owner. */
export interface TestDatabase {
  /** The named owner's role, whose search_path is its schema. */
  readonly url: string;
  /** The same for every owner. */
  readonly urls: Readonly<Record<OwnerName, string>>;
  /** The administrator's URL of this database. */
  readonly admin: string;
  /** Removes it, also from under clients that are still connected. */
  drop(): Promise<void>;
}

/** Makes a fresh database on the server of `REGULARS_TEST_DATABASE_URL`; the schema is empty, the service migrates it. */
export async function testDatabase(owner: OwnerName): Promise<TestDatabase> {
  const server = process.env.REGULARS_TEST_DATABASE_URL;
  if (!server) throw new Error('REGULARS_TEST_DATABASE_URL is not set: run tests through jest’s global set-up');
  const name = `test_${owner}_${randomBytes(5).toString('hex')}`;
  const passwords = Object.fromEntries(OWNERS.map((each) => [each, randomBytes(9).toString('base64url')]));
  const { adminUrl, urls } = await provision(server, name, passwords as Record<OwnerName, string>);
  return { url: urls[owner], urls, admin: adminUrl, drop: () => unprovision(server, name) };
}
