import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, publish, type RunningService, startService, testDatabase } from '@regulars/testing';
import pg from 'pg';

const STORES = 'regulars.stores.store.v1';

describe('What the platform team does in a running container', () => {
  let loyalty: RunningService;

  const ops = async (...args: string[]) => {
    const { code, output } = await loyalty.run('ops', ...args);
    return { code, answer: output.startsWith('{') ? (JSON.parse(output) as Record<string, unknown>) : output };
  };

  beforeAll(async () => {
    loyalty = await startService('loyalty');
  });

  afterAll(async () => {
    await loyalty.stop();
  });

  it('[O3] is told by --help, with its exit codes', async () => {
    const { code, answer } = await ops('--help');
    expect(code).toBe(0);
    for (const command of ['lag', 'parked replay <topic> <key>', 'verify', 'schema', 'rewind <topic>', 'health']) {
      expect(answer).toContain(`ops ${command}`);
    }
    expect(answer).toContain('3 a server is out of reach');
    expect(await ops('lagg')).toMatchObject({ code: 2 });
    expect(await ops('parked', 'show', STORES)).toMatchObject({ code: 2, answer: { error: 'Misused' } });
    expect(await ops('rewind', 'regulars.unheard.v1')).toMatchObject({ code: 2 });
  });

  it('[O2] tells how far the outbox and each consumer are behind', async () => {
    const { code, answer } = await ops('lag');
    expect(code).toBe(0);
    expect(answer).toMatchObject({ outbox: { unpublished: 0, oldestSeconds: 0 } });
    const { consumers } = answer as unknown as { consumers: { topic: string; parkedKeys: number }[] };
    expect(consumers.map(({ topic }) => topic)).toEqual(expect.arrayContaining([STORES, 'regulars.members.member.v1']));
  });

  it('[O3] shows, replays and discards parked keys, one command each', async () => {
    const bad = { type: 'regulars.stores.v1.StoreChanged', key: 'store-1', payload: {} };
    await publish(`${loyalty.topicPrefix}${STORES}`, [bad, bad]);
    await eventually(async () => (await ops('parked', 'list')).code === 1);
    const { answer } = await ops('parked', 'list');
    expect(answer).toMatchObject({ parked: [{ topic: STORES, key: 'store-1', events: 2 }] });
    expect(await ops('lag')).toMatchObject({ code: 1 });
    expect(await ops('parked', 'show', STORES, 'store-1')).toMatchObject({
      code: 0,
      answer: { waiting: [{ type: 'regulars.stores.v1.StoreChanged' }, {}] },
    });
    expect(await ops('parked', 'replay', STORES, 'store-1')).toMatchObject({
      code: 1,
      answer: { applied: 0, waiting: 2, reason: 'BadEvent: StoreChanged without a store' },
    });
    expect(await ops('parked', 'discard', STORES, 'store-1')).toMatchObject({ code: 2 });
    expect(await ops('parked', 'discard', STORES, 'store-1', '--yes')).toMatchObject({ answer: { discarded: 1 } });
    expect(await ops('parked', 'replay-all')).toMatchObject({ code: 1, answer: { stillWaiting: 1 } });
    expect(await ops('parked', 'discard', STORES, 'store-1', '--all', '--yes')).toMatchObject({ code: 0 });
    expect(await ops('parked', 'list')).toMatchObject({ code: 0, answer: { parked: [] } });
  });

  it('[O3] hears a topic from its beginning again', async () => {
    const { code, answer } = await ops('rewind', STORES);
    expect(code).toBe(0);
    expect(answer).toMatchObject({ topic: STORES, partitions: 2 });
  });

  it('[O3][L4] checks the stored promises of its own schema', async () => {
    const { code, answer } = await ops('verify');
    expect(code).toBe(0);
    expect(answer).toMatchObject({ broken: [] });
    expect((answer as unknown as { hold: number }).hold).toBeGreaterThan(8);
  });

  it('[O2] asks the probes of its own container', async () => {
    expect(await ops('health')).toMatchObject({ code: 0, answer: { '/readyz': 'ok' } });
    expect(await ops('metrics', 'regulars_outbox')).toMatchObject({ code: 0 });
  });
});

describe('What a service keeps', () => {
  it('[O5] is as old as its settings say, and not a day older', async () => {
    const database = await testDatabase('loyalty');
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const days = async () => {
      const { rows } = await client.query<{ name: string }>(
        `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'outbox'::regclass`,
      );
      return rows.map(({ name }) => name);
    };
    const keys = async () => {
      const { rows } = await client.query<{ key: string }>('SELECT key FROM idempotency ORDER BY 1');
      return rows.map(({ key }) => key);
    };
    const runWith = async (env: Record<string, string>, work: () => Promise<unknown>) => {
      const loyalty = await startService('loyalty', { DATABASE_URL: database.url, MIGRATE_ON_START: 'true', ...env });
      await work().finally(() => loyalty.stop());
    };
    try {
      await runWith({}, async () => undefined);
      await client.query(`CREATE TABLE outbox_20250101 (LIKE outbox INCLUDING DEFAULTS)`);
      await client.query(
        `ALTER TABLE outbox ATTACH PARTITION outbox_20250101 FOR VALUES FROM ('2025-01-01') TO ('2025-01-02')`,
      );
      for (const [key, age] of [
        ['a', 6],
        ['b', 8],
        ['c', 31],
      ] as const) {
        await client.query(
          `INSERT INTO idempotency (caller, route, key, fingerprint, result, created_at)
           VALUES ('till', 'purchase', $1, '', '{}', now() - make_interval(days => $2))`,
          [key, age],
        );
      }
      await runWith({ IDEMPOTENCY_KEPT_DAYS: '40' }, () =>
        eventually(async () => expect(await days()).not.toContain('outbox_20250101')),
      );
      expect(await keys()).toEqual(['a', 'b', 'c']);
      await runWith({ IDEMPOTENCY_KEPT_DAYS: '7' }, () => eventually(async () => expect(await keys()).toEqual(['a'])));
    } finally {
      await client.end();
      await database.drop();
    }
  });
});

describe('A version that needs a newer schema', () => {
  it('[O1] waits for the migration, and serves as soon as it is there', async () => {
    const database = await testDatabase('loyalty');
    const env = { DATABASE_URL: database.url, MIGRATE_ON_START: 'false' };
    let isReady = false;
    const starting = startService('loyalty', env).then((service) => {
      isReady = true;
      return service;
    });
    try {
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      expect(isReady).toBe(false);
      const migrating = await startService('loyalty', { DATABASE_URL: database.url, MIGRATE_ON_START: 'true' });
      const loyalty = await starting;
      expect(await loyalty.run('ops', 'schema')).toMatchObject({ code: 0 });
      expect(loyalty.logs().some((line) => line.includes('waiting for the schema'))).toBe(true);
      await Promise.all([loyalty.stop(), migrating.stop()]);
    } finally {
      await database.drop();
    }
  });
});
