import type { INestApplicationContext } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { checkEach } from '@regulars/invariants';
import { Operations, UnknownTopic } from '@regulars/messaging';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { type Migrations, missingMigrations } from './database.js';
import { Misused, numberIn, type OpsAnswer, type OpsCall, type OpsCommand } from './ops.js';
import type { ServiceSettings } from './settings.js';

const MOST_SHOWN = 1_000;

/** The commands that every service with a database has. */
export function serviceCommands(
  app: INestApplicationContext,
  settings: ServiceSettings,
  migrations: Migrations,
): OpsCommand[] {
  const operations = app.get(Operations, { strict: false });
  const dataSource = app.get<DataSource>(getDataSourceToken(), { strict: false });
  return [
    {
      name: 'schema',
      says: 'Which migrations the database has, and which this version still lacks.',
      run: async () => {
        const missing = await missingMigrations(dataSource, migrations);
        return { ok: missing.length === 0, answer: { knows: migrations.map((each) => new each().name), missing } };
      },
    },
    {
      name: 'lag',
      values: ['max-records', 'max-seconds'],
      says: 'How far the outbox and each consumer are behind; not well beyond 1000 records or 60 seconds, or other limits.',
      run: (call) => lag(operations, call),
    },
    ...parkedCommands(operations),
    {
      name: 'rewind',
      takes: '<topic>',
      says: 'Hear a topic from its beginning again: fills a projection that lost rows; what is there stays.',
      run: heard(async ({ words: [topic = ''] }) => {
        return { ok: true, answer: { topic, partitions: await operations.rewind(topic) } };
      }),
    },
    {
      name: 'verify',
      values: ['settled-after'],
      says: 'Whether the stored promises hold (balances, entries, lots, events), in one read-only snapshot.',
      run: ({ flags }) => verify(settings, String(flags['settled-after'] ?? '60 seconds')),
    },
  ];
}

async function lag(operations: Operations, call: OpsCall): Promise<OpsAnswer> {
  const found = await operations.lag();
  const maxRecords = numberIn(call, 'max-records', 1_000);
  const maxSeconds = numberIn(call, 'max-seconds', 60);
  const isBehind =
    (found.outbox?.unpublished ?? 0) > maxRecords ||
    (found.outbox?.oldestSeconds ?? 0) > maxSeconds ||
    found.consumers.some(({ records, parkedKeys }) => (records ?? 0) > maxRecords || parkedKeys > 0);
  return { ok: !isBehind, answer: found };
}

function parkedCommands(operations: Operations): OpsCommand[] {
  return [
    {
      name: 'parked list',
      says: 'Keys whose events wait because one of them could not be applied, and why.',
      run: async () => {
        const parked = await operations.parked(MOST_SHOWN);
        return { ok: parked.length === 0, answer: { parked } };
      },
    },
    {
      name: 'parked show',
      takes: '<topic> <key>',
      says: 'The events that wait under a key, without their content.',
      run: heard(async ({ words: [topic = '', key = ''] }) => {
        return { ok: true, answer: { topic, key, waiting: await operations.waiting(topic, key) } };
      }),
    },
    {
      name: 'parked replay',
      takes: '<topic> <key>',
      says: 'Apply what waits under a key, in order; stops at the first that is refused again.',
      run: heard(async ({ words: [topic = '', key = ''] }) => {
        const replayed = await operations.replay(topic, key);
        return { ok: replayed.waiting === 0, answer: { topic, key, ...replayed } };
      }),
    },
    {
      name: 'parked replay-all',
      says: 'Replay every parked key, longest waiting first.',
      run: async () => {
        const results: object[] = [];
        let stillWaiting = 0;
        for (const { topic, key } of await operations.parked(MOST_SHOWN)) {
          const replayed = await operations.replay(topic, key);
          if (replayed.waiting > 0) stillWaiting += 1;
          results.push({ topic, key, ...replayed });
        }
        return { ok: stillWaiting === 0, answer: { stillWaiting, results } };
      },
    },
    {
      name: 'parked discard',
      takes: '<topic> <key>',
      switches: ['all', 'yes'],
      says: 'Give up the first event that waits under a key, or --all of them. For ever: --yes is wanted.',
      run: heard(async ({ words: [topic = '', key = ''], flags }) => {
        if (!flags.yes) throw new Misused('A discarded event is gone for ever: say --yes');
        return {
          ok: true,
          answer: { topic, key, discarded: await operations.discard(topic, key, Boolean(flags.all)) },
        };
      }),
    },
  ];
}

/** A topic that the service does not hear is a wrong call. */
function heard(run: OpsCommand['run']): OpsCommand['run'] {
  return async (call) => {
    try {
      return await run(call);
    } catch (error) {
      throw error instanceof UnknownTopic ? new Misused(error.message) : error;
    }
  };
}

async function verify(settings: ServiceSettings, settledAfter: string): Promise<OpsAnswer> {
  const client = new pg.Client({ connectionString: settings.DATABASE_URL, application_name: 'ops verify' });
  await client.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    const checked = (await checkEach(client, settledAfter)).filter(({ broken }) => broken !== undefined);
    const broken = checked.filter((each) => each.broken !== 0);
    return { ok: broken.length === 0, answer: { hold: checked.length - broken.length, broken, checked } };
  } finally {
    await client.end();
  }
}
