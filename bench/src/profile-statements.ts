import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Laboratory } from './laboratory.js';
import { withClient } from './yardstick.js';

/** A statement as the log tells it, with the role that sent it. */
interface Statement {
  readonly role: string;
  readonly text: string;
  /** As the server writes them; null for NULL. */
  readonly values: readonly (string | null)[];
}

/**
 * The statements that all services together send to read one profile, as the server's own log tells them: those in which
 * the member is named.
 *
 * @returns the same for another member; undefined where the server is not ours, whose log we cannot read
 */
export async function statementsOfProfile(
  { platform, servers }: Laboratory,
  memberId: string,
  read: (memberId: string) => Promise<void>,
): Promise<((memberId: string) => Statement[]) | undefined> {
  if (!servers.postgres) return undefined;
  const logFile = join(servers.postgres.dir, 'postgres.log');
  // Data keys and what is prepared are there afterwards: they are read once for many profiles.
  await read(memberId);
  const before = (await readFile(logFile)).length;
  const set = (...changes: string[]) =>
    withClient(platform.database.adminUrl, async (client) => {
      for (const change of changes) await client.query(`ALTER SYSTEM ${change}`);
      await client.query('SELECT pg_reload_conf()');
    });
  await set(`SET log_line_prefix = '%m [%p] %u '`, `SET log_statement = 'all'`);
  await sleep(1_000);
  await read(memberId);
  await set('RESET log_statement', 'RESET log_line_prefix');
  const log = (await readFile(logFile)).subarray(before).toString('utf8');
  const statements = loggedStatements(log).filter(({ values }) => values.some((value) => value?.includes(memberId)));
  if (statements.length === 0) throw new Error(`The server's log tells no statement of a profile: ${logFile}`);
  return (other) =>
    statements.map(({ values, ...sent }) => ({
      ...sent,
      values: values.map((value) => value?.replaceAll(memberId, other) ?? null),
    }));
}

/** Statements with parameters, in the order of the log: lines of one entry begin with a tab after its first. */
export function loggedStatements(log: string): Statement[] {
  const entries = log.replaceAll('\n\t', '\n ').split(/\n(?=\d{4}-\d\d-\d\d )/);
  return entries.flatMap((entry, at): Statement[] => {
    const [, role = '', text] = /\[\d+\] (\S+) LOG: {2}execute [^:]*: ([\s\S]*)$/.exec(entry) ?? [];
    const parameters = /\bDETAIL: {2}Parameters: ([\s\S]*)$/i.exec(entries[at + 1] ?? '')?.[1];
    if (text === undefined || parameters === undefined) return [];
    const values = [...parameters.matchAll(/\$\d+ = (?:'((?:[^']|'')*)'|NULL)(?:, |\s*$)/g)];
    return [{ role, text, values: values.map(([, value]) => value?.replaceAll(`''`, `'`) ?? null) }];
  });
}
