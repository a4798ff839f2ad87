import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { provision } from '../provisioning.js';
import { OWNERS, type OwnerName } from '../services.js';
import { backUp, restore } from './scripts.js';
import { DrillServer, dumpPrograms } from './server.js';

const programs = await dumpPrograms();
const passwords = Object.fromEntries(OWNERS.map((owner) => [owner, `of-${owner}`])) as Record<OwnerName, string>;

async function rows(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** npm's PostgreSQL has no pg_dump: `npm run drill` says NOT RUN there. */
(programs ? describe : describe.skip)('A backup', () => {
  let dir: string;
  let server: DrillServer;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'regulars-restore-'));
    server = await DrillServer.start(programs ?? '', join(dir, 'server'));
  });

  afterAll(async () => {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('[O3] is restored schema by schema under the role that owns it, and not over what is there already', async () => {
    const before = await provision(server.adminUrl, 'before', passwords);
    for (const owner of OWNERS) {
      const table = `kept (id integer PRIMARY KEY, day date NOT NULL DEFAULT '2026-11-01')`;
      await rows(before.urls[owner], `CREATE TABLE ${table}; INSERT INTO kept SELECT generate_series(1, 1000)`);
    }
    const dump = await backUp(programs ?? '', before, join(dir, 'dumps'));
    await rows(before.urls.loyalty, 'DELETE FROM kept');

    const after = await provision(server.adminUrl, 'after', passwords);
    await restore(programs ?? '', after, dump);
    for (const owner of OWNERS) {
      expect(await rows(after.urls[owner], `INSERT INTO kept VALUES (0) RETURNING day::text`)).toHaveLength(1);
      expect(
        await rows(
          after.urls[owner],
          `SELECT count(*)::integer, tableowner FROM kept, pg_tables WHERE tablename = 'kept' AND schemaname = current_schema GROUP BY 2`,
        ),
      ).toEqual([{ count: 1_001, tableowner: `after_${owner}` }]);
    }
    await expect(restore(programs ?? '', after, dump)).rejects.toThrow('already exists');
  });
});
