import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Subject } from './bare-queries.js';
import type { Laboratory } from './laboratory.js';
import { READS, type ReadName, type Results } from './results.js';
import { median } from './statistics.js';
import { withClient } from './yardstick.js';

const CONNECTIONS = 64;
const SUBJECTS = 500;

/** Reads through gateway and loyalty, in turn with a bare route that asks the database the same. */
export async function measureReads(
  lab: Laboratory,
  plan: { rounds: number; seconds: number; warmUpS: number },
): Promise<Results['reads']> {
  const subjects = await subjectsIn(lab);
  const bare = fork(join(import.meta.dirname, 'bare-reads.js'), {
    env: {
      ...process.env,
      NODE_ENV: 'production',
      DATABASE_URL: lab.platform.database.urls.loyalty,
      SUBJECTS: JSON.stringify(subjects),
    },
  });
  try {
    const [bareUrl] = (await once(bare, 'message')) as [string];
    const results = {} as Results['reads'];
    for (const name of READS) results[name] = await measureRead(lab, name, bareUrl, subjects, plan);
    return results;
  } finally {
    bare.disconnect();
  }
}

async function measureRead(
  lab: Laboratory,
  name: ReadName,
  bareUrl: string,
  subjects: readonly Subject[],
  { rounds, seconds, warmUpS }: { rounds: number; seconds: number; warmUpS: number },
): Promise<Results['reads'][ReadName]> {
  const load = { connections: CONNECTIONS, warmUpS, seconds };
  const ask = async (url: string, paths: readonly string[], bearer?: string) => {
    const result = await lab.generator.run({ ...load, url, requests: { kind: 'reads', paths, bearer } });
    if (Object.keys(result.statuses).some((status) => status !== '200')) {
      throw new Error(`Reading ${name} was answered ${JSON.stringify(result.statuses)}`);
    }
    return result;
  };
  const platformPaths = subjects.map(PLATFORM_PATHS[name]);
  const barePaths = subjects.map((_subject, number) => `/${name}/${number}`);
  const [platform, bare, p99s]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    const through = await ask(lab.platform.gateway.url, platformPaths, lab.platform.tokens.administrator);
    platform.push(through.perSecond);
    p99s.push(through.p99Ms);
    bare.push((await ask(bareUrl, barePaths)).perSecond);
  }
  return { platform, bare, p99Ms: median(p99s) };
}

const PLATFORM_PATHS: Record<ReadName, (subject: Subject) => string> = {
  balance: ({ memberId }) => `/v1/members/${memberId}/points`,
  statement: ({ memberId, from }) => `/v1/members/${memberId}/points/statement?month=${from.slice(0, 7)}`,
  explain: ({ entryId }) => `/v1/points/entries/${entryId}/explain`,
};

/** Members who have bought, each with the first of the entries. */
async function subjectsIn({ platform }: Laboratory): Promise<Subject[]> {
  const now = new Date();
  const month = (ahead: number) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead)).toISOString();
  const period = { from: month(0), until: month(1), tierFrom: month(-12).slice(0, 10) };
  return withClient(platform.database.urls.loyalty, async (client) => {
    const { rows } = await client.query<Pick<Subject, 'memberId' | 'programmeId' | 'entryId'>>(
      `SELECT DISTINCT ON (member_id) member_id AS "memberId", programme_id AS "programmeId", entry_id AS "entryId"
       FROM entry ORDER BY member_id, member_seq LIMIT $1`,
      [SUBJECTS],
    );
    return rows.map((row) => ({ ...row, ...period }));
  });
}
