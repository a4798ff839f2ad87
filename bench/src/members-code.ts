import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Platform } from '@regulars/tools';
import type pg from 'pg';

/** What wraps data keys and makes blind indexes: the VaultService of members, as far as it is used here. */
interface Vault {
  readonly indexKeys: { readonly current: string };
  newKey(memberId: string): {
    wrapped: { keyEncryptionKeyId: string; wrapped: Buffer };
    sealing: { seal(column: string, clear: string): Buffer };
  };
  newCodeToken(): string;
  blindIndex(kind: 'mobile', value: string): Buffer;
  nameIndex(beginning: string): Buffer;
}

/** What the queries of members ask: a pool does as well as the service's own entity manager. */
export interface Queries {
  query(sql: string, values: unknown[]): Promise<unknown>;
}

/** Functions of the members service, as it was built: what is sealed and asked here is what it seals and asks. */
export interface MembersCode {
  vault: Vault;
  hashOfToken(codeToken: string): Buffer;
  beginningsOf(name: string): string[];
  memberNumber(sequence: number): string;
  findMember(
    tx: Queries,
    found: { by: 'number'; value: string } | { by: 'mobile_index'; value: Buffer },
  ): Promise<{ number: string } | undefined>;
  findMembers(tx: Queries, memberIds: readonly string[]): Promise<unknown[]>;
  search(
    tx: Queries,
    sought: { slot: number; nameIndexes: readonly Buffer[] },
    page: { limit: number },
  ): Promise<string[]>;
}

/** Loads them, with a vault that has the keys of the running service. */
export async function membersCode(platform: Platform): Promise<MembersCode> {
  const { entry, env } = platform.service('members').program;
  const load = (path: string) => import(pathToFileURL(join(entry, '..', path)).href) as Promise<unknown>;
  const { VaultService, hashOfToken } = (await load('privacy/vault.service.js')) as Pick<MembersCode, 'hashOfToken'> & {
    VaultService: new (settings: object) => Vault;
  };
  const vault = new VaultService({
    KEY_ENCRYPTION_KEY: Buffer.from(env.KEY_ENCRYPTION_KEY ?? '', 'base64'),
    KEY_ENCRYPTION_KEYS_RETIRED: [],
    BLIND_INDEX_KEY: Buffer.from(env.BLIND_INDEX_KEY ?? '', 'base64'),
  });
  const parts = ['members/names.js', 'members/numbers.js', 'members/members.store.js', 'directory/directory.store.js'];
  return Object.assign({ vault, hashOfToken }, ...(await Promise.all(parts.map(load)))) as MembersCode;
}

/** The same queries by nothing but node-postgres. */
export function bareQueries(pool: pg.Pool): Queries {
  return { query: async (sql, values) => (await pool.query<object>(sql, values)).rows };
}
