import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
// eslint-disable-next-line @typescript-eslint/no-restricted-imports -- the broker itself is what is tested here
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { LocalKafka } from './kafka.js';
import { LocalPostgres } from './postgres.js';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'regulars-servers-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

/** Where servers are named instead, the machine may lack what our own ones need. */
const ifOwn = (named: string | undefined) => (named ? describe.skip : describe);

ifOwn(process.env.DATABASE_URL)('A PostgreSQL of our own', () => {
  let postgres: LocalPostgres;

  beforeAll(async () => {
    postgres = await LocalPostgres.start({ dir: join(dir, 'postgres') });
  });

  afterAll(async () => {
    await postgres.stop();
    await LocalPostgres.remove(join(dir, 'postgres'));
  });

  it('writes to the disk before it answers a commit', async () => {
    expect(await ask('SHOW fsync')).toEqual([{ fsync: 'on' }]);
    expect(await ask('SHOW synchronous_commit')).toEqual([{ synchronous_commit: 'on' }]);
  });

  it('listens on the loopback interface alone', async () => {
    expect(await ask('SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
  });

  it('is taken over by the next start when the process that started it is gone', async () => {
    const next = await LocalPostgres.start({ dir: join(dir, 'postgres') });
    expect(next.processId).toBe(postgres.processId);
    expect(next.adminUrl).toBe(postgres.adminUrl);
  });

  it('[O5] answers no commit before a synchronous standby has it, so that nothing is lost when the standby takes over', async () => {
    const standby = await LocalPostgres.standbyOf(postgres, join(dir, 'standby'));
    try {
      await ask('CREATE TABLE sent AS SELECT 42 AS answer');
      await standby.stopHearing();
      const commit = ask('CREATE TABLE held AS SELECT 1').then(
        () => 'answered',
        () => 'lost',
      );
      expect(await Promise.race([commit, new Promise((resolve) => setTimeout(resolve, 500, 'waits'))])).toBe('waits');
      await postgres.kill();
      expect(await commit).toBe('lost');
      await standby.promote();
      expect(await ask('SELECT answer FROM sent', standby.adminUrl)).toEqual([{ answer: 42 }]);
      expect(await ask(`SELECT to_regclass('held') AS held`, standby.adminUrl)).toEqual([{ held: null }]);
      await ask('CREATE TABLE after AS SELECT 1', standby.adminUrl);
    } finally {
      await standby.stop();
      await LocalPostgres.remove(join(dir, 'standby'));
    }
    await postgres.start();
    await postgres.standAlone();
    await ask('DROP TABLE sent');
  });

  it('has what was committed after it was killed and started again, on the same port', async () => {
    const [url, pid] = [postgres.adminUrl, postgres.processId];
    await ask('CREATE TABLE kept AS SELECT 42 AS answer');
    await postgres.kill();
    await expect(ask('SELECT 1')).rejects.toThrow();
    await postgres.start();
    expect(postgres.adminUrl).toBe(url);
    expect(postgres.processId).not.toBe(pid);
    expect(await ask('SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  async function ask(sql: string, url = postgres.adminUrl): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }
});

ifOwn(process.env.KAFKA_BROKERS)('A Kafka of our own', () => {
  let kafka: LocalKafka;

  beforeAll(async () => {
    kafka = await LocalKafka.start({ dir: join(dir, 'kafka') });
  });

  afterAll(() => kafka.stop());

  it('is taken over by the next start when the process that started it is gone', async () => {
    const next = await LocalKafka.start({ dir: join(dir, 'kafka') });
    expect(next.processId).toBe(kafka.processId);
    expect(next.brokers).toBe(kafka.brokers);
  });

  it('has its topics after it was killed and started again, on the same port', async () => {
    const brokers = kafka.brokers;
    const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1 }], waitForLeaders: true });
    await admin.disconnect();
    await kafka.kill();
    await kafka.start();
    expect(kafka.brokers).toBe(brokers);
    await admin.connect();
    expect(await admin.listTopics()).toContain('kept');
    await admin.disconnect();
  });
});
