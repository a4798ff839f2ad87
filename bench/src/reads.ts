import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { BARE_QUERIES } from './bare-queries.js';
import type { Laboratory } from './laboratory.js';
import { READS, type ReadName, type Results } from './results.js';
import { median } from './statistics.js';
import { withClient } from './yardstick.js';

const CONNECTIONS = 64;
const PATHS = 500;

/** Reads through gateway and loyalty, in turn with a bare route that asks the database the same. */
export async function measureReads(
  lab: Laboratory,
  plan: { rounds: number; seconds: number; warmUpS: number },
): Promise<Results['reads']> {
  const bare = fork(join(import.meta.dirname, 'bare-reads.js'), {
    env: { ...process.env, DATABASE_URL: lab.platform.database.urls.loyalty },
  });
  const [bareUrl] = (await once(bare, 'message')) as [string];
  try {
    const asked = await subjects(lab);
    const results = {} as Results['reads'];
    for (const name of READS) results[name] = await measureRead(lab, name, bareUrl, asked, plan);
    return results;
  } finally {
    bare.disconnect();
  }
}

async function measureRead(
  lab: Laboratory,
  name: ReadName,
  bareUrl: string,
  asked: readonly Subject[],
  { rounds, seconds, warmUpS }: { rounds: number; seconds: number; warmUpS: number },
): Promise<Results['reads'][ReadName]> {
  const platformPaths = asked.map(PLATFORM_PATHS[name]);
  const barePaths = asked.map(({ memberId, entryId, month }) => BARE_QUERIES[name].path({ memberId, entryId, month }));
  const load = { connections: CONNECTIONS, warmUpS, seconds };
  const [platform, bare, p99s]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    const bearer = lab.platform.tokens.administrator;
    const through = { ...load, url: lab.platform.gateway.url };
    const own = await lab.generator.run({ ...through, requests: { kind: 'reads', paths: platformPaths, bearer } });
    const beside = { ...load, url: bareUrl };
    const other = await lab.generator.run({
      ...beside,
      requests: { kind: 'reads', paths: barePaths, bearer: undefined },
    });
    for (const { statuses } of [own, other]) {
      if (Object.keys(statuses).some((status) => status !== '200')) {
        throw new Error(`Reading ${name} was answered ${JSON.stringify(statuses)}`);
      }
    }
    platform.push(own.perSecond);
    bare.push(other.perSecond);
    p99s.push(own.p99Ms);
  }
  return { platform, bare, p99Ms: median(p99s) };
}

/** A member who has bought, with one of the entries. */
interface Subject {
  memberId: string;
  entryId: string;
  month: string;
}

const PLATFORM_PATHS: Record<ReadName, (subject: Subject) => string> = {
  balance: ({ memberId }) => `/v1/members/${memberId}/points`,
  statement: ({ memberId, month }) => `/v1/members/${memberId}/points/statement?month=${month}`,
  explain: ({ entryId }) => `/v1/points/entries/${entryId}/explain`,
};

async function subjects({ platform }: Laboratory): Promise<Subject[]> {
  const month = new Date().toISOString().slice(0, 7);
  return withClient(platform.database.urls.loyalty, async (client) => {
    const { rows } = await client.query<{ member_id: string; entry_id: string }>(
      `SELECT DISTINCT ON (member_id) member_id, entry_id FROM entry ORDER BY member_id, member_seq LIMIT $1`,
      [PATHS],
    );
    return rows.map(({ member_id: memberId, entry_id: entryId }) => ({ memberId, entryId, month }));
  });
}
