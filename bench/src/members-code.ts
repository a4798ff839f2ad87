import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemClock } from '@regulars/service';
import type { Platform } from '@regulars/tools';
import type pg from 'pg';
import { Temporal } from 'temporal-polyfill';

/** What wraps data keys and makes blind indexes: the VaultService of members, as far as it is used here. */
interface Vault {
  readonly indexKeys: { readonly current: string };
  newKey(memberId: string): {
    wrapped: { keyEncryptionKeyId: string; wrapped: Buffer };
    sealing: { seal(column: string, clear: string): Buffer };
  };
  newCodeToken(): string;
  fingerprint(body: unknown): Buffer;
  blindIndex(kind: 'mobile', value: string): Buffer;
  nameIndex(beginning: string): Buffer;
}

/** What the queries of members ask: a pool does as well as the service's own entity manager. */
export interface Queries {
  query(sql: string, values?: unknown[]): Promise<unknown>;
}

/** A row of a file with members. */
export type FileFields = Readonly<Record<'externalId' | 'name' | 'mobile' | 'birthday', string>>;

interface Candidate {
  readonly externalId: string;
  readonly draft: unknown;
}

interface Registrations {
  addMany(
    tx: Queries,
    recording: object,
    drafts: readonly unknown[],
  ): Promise<{ outcome: string; memberId?: string }[]>;
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
  rowReader(
    terms: object,
    moment: object,
  ): (row: { line: number; fields: FileFields }) => Candidate | readonly unknown[];
  knownExternalIds(tx: Queries, indexes: readonly Buffer[]): Promise<unknown>;
  addExternalIds(tx: Queries, rows: readonly { index: Buffer; memberId: string }[]): Promise<void>;
  registrations: Registrations;
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
  const { RegistrationService } = (await load('members/registration.service.js')) as {
    RegistrationService: new (...parts: unknown[]) => Registrations;
  };
  // What it needs to register many in a transaction of somebody else's.
  const settings = { MOBILE_IDLE_DAYS: 365 };
  const registrations = new RegistrationService(undefined, undefined, vault, settings, undefined, systemClock);
  const parts = [
    'members/names.js',
    'members/numbers.js',
    'members/members.store.js',
    'directory/directory.store.js',
    'imports/row.js',
    'imports/imports.store.js',
  ];
  return Object.assign({ vault, hashOfToken, registrations }, ...(await Promise.all(parts.map(load)))) as MembersCode;
}

/** Registers rows of a file as the service does once it has read them. */
export async function registerRows(code: MembersCode, tx: Queries, rows: readonly FileFields[]): Promise<void> {
  const now = systemClock.now();
  const moment = { now, today: Temporal.PlainDate.from(now.toISOString().slice(0, 10)) };
  const terms = { benefitsVersion: '2026-05', privacyVersion: '2026-05', acceptedAt: '2026-05-01', language: 'zh-CN' };
  const reader = code.rowReader(terms, moment);
  const candidates = rows.map((fields, at) => {
    const read = reader({ line: at + 2, fields });
    if (!('draft' in read)) throw new Error(`A row was not taken: ${JSON.stringify(read)}`);
    return { ...read, index: code.vault.fingerprint({ source: 'bare', externalId: read.externalId }) };
  });
  await code.knownExternalIds(
    tx,
    candidates.map(({ index }) => index),
  );
  const added = await code.registrations.addMany(
    tx,
    { at: now, by: 'bench', from: 'import' },
    candidates.map(({ draft }) => draft),
  );
  const known = added.map(({ memberId = '' }, at) => ({ memberId, index: candidates[at]?.index as Buffer }));
  if (known.some(({ memberId }) => memberId === '')) throw new Error('Not everybody was registered');
  await code.addExternalIds(tx, known);
}

/** The same queries by nothing but node-postgres. */
export function bareQueries(pool: pg.Pool): Queries {
  return { query: async (sql, values) => (await pool.query<object>(sql, values)).rows };
}
