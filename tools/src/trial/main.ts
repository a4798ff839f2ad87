import { readFile } from 'node:fs/promises';
import { provision } from '../provisioning.js';
import type { Secrets } from '../secrets.js';
import { runKafka } from './kafka.js';
import { runLoad } from './load.js';
import { runPostgres } from './postgres.js';

/**
 * What the trial image runs, by its first argument: the servers and neighbours that a real installation brings itself.
 * For trying out on one node; it keeps one copy of everything.
 */
const PARTS: Readonly<Record<string, () => Promise<unknown>>> = {
  postgres: runPostgres,
  kafka: runKafka,
  oidc: () => import('../oidc.js'),
  sink: () => import('../sink.js'),
  provision: provisionDatabase,
  load: runLoad,
};

const [name = ''] = process.argv.slice(2);
const part = PARTS[name];
if (!part) {
  console.error(`One of ${Object.keys(PARTS).join(', ')} is expected, not "${name}"`);
  process.exit(2);
}
await part();

/** Makes the database, with a role and a schema for each service; safe to repeat. */
async function provisionDatabase(): Promise<void> {
  const { passwords } = JSON.parse(await readFile(process.env.SECRETS_FILE ?? '', 'utf8')) as Pick<
    Secrets,
    'passwords'
  >;
  const password = (await readFile(process.env.POSTGRES_PASSWORD_FILE ?? '', 'utf8')).trim();
  const admin = new URL(`postgres://postgres@${process.env.POSTGRES_ADDR ?? 'postgres:5432'}/postgres`);
  admin.password = password;
  const until = performance.now() + 300_000;
  for (;;) {
    try {
      const { database } = await provision(admin.toString(), 'regulars', passwords);
      console.log(`database ${database}: roles and schemas are there`);
      return;
    } catch (error) {
      if (performance.now() > until) throw error;
      console.log(`not yet: ${(error as Error).message}`);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}
