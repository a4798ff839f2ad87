import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Api, accepted, eventually } from '../api.js';
import { workspaceDir } from '../folders.js';
import { LocalKafka } from '../kafka.js';
import { type Platform, startPlatform } from '../platform.js';
import { printed } from '../progress.js';
import { provision } from '../provisioning.js';
import { samplePurchase } from '../samples.js';
import { secretsIn } from '../secrets.js';
import { STORES } from '../seed.js';
import { backUp, restore } from './scripts.js';
import { DrillServer, dumpPrograms } from './server.js';

const run = promisify(execFile);

const PURCHASES = 40;
const AFTER_THE_BACKUP = 10;

interface Credit {
  readonly outcome: string;
  readonly purchaseId: string;
  readonly pointsEarned: number;
}

interface Bought {
  readonly body: object;
  readonly credit: Credit;
}

/**
 * `npm run drill`: the database is lost and restored from a backup (requirement O3). A platform buys, is backed up, buys
 * on, erases a member; its PostgreSQL is thrown away; an empty one gets the backup; the platform starts on it with the
 * Kafka that it had. `NOT RUN` where the system has no PostgreSQL with pg_dump.
 */
const programs = await dumpPrograms();
if (programs === undefined) {
  console.log('drill: NOT RUN (it needs the initdb, postgres and pg_dump of a PostgreSQL 15 or later)');
  process.exit(0);
}
const room = await mkdtemp(join(tmpdir(), 'regulars-drill-'));
const kafka = await printed.stage('Kafka', () => LocalKafka.start({ dir: join(room, 'kafka') }));
const running: { stop(): Promise<unknown> }[] = [];
try {
  await drill(programs);
  console.log('\nThe drill held.');
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  for (const each of running.reverse()) await each.stop();
  await kafka.stop();
  await rm(room, { recursive: true, force: true });
}

async function drill(bin: string): Promise<void> {
  const first = await begin(await DrillServer.start(bin, join(room, 'first')));
  const [keeps = '', goes = ''] = first.platform.members?.map(({ memberId }) => memberId) ?? [];
  const bought = await buy(first.platform, [keeps, goes], PURCHASES, 'B');
  const dump = await printed.stage('backup', () => backUp(bin, first.platform.database, join(room, 'dumps')));
  console.log(`   ${Math.round((await stat(dump)).size / 1_024)} KiB`);
  const lost = await buy(first.platform, [keeps], AFTER_THE_BACKUP, 'A');
  await erase(first.platform, goes);
  await first.platform.stop();
  await first.server.stop();
  running.splice(0);

  const server = await DrillServer.start(bin, join(room, 'second'));
  running.push(server);
  const { passwords } = await secretsIn(join(room, 'platform', 'secrets', 'secrets.json'));
  const empty = await provision(server.adminUrl, 'regulars', passwords);
  await printed.stage('restore on an empty server', () => restore(bin, empty, dump));
  const { platform } = await begin(server);
  await isGone(platform, goes);
  await answersAsBefore(platform, bought);
  await areBoughtAgain(platform, lost);
  await eventually('the stored promises holding', () => verified(platform));
  console.log(
    `   ${bought.length} purchases answered as before, ${lost.length} that were newer than the backup posted again, the erased member gone before readiness`,
  );
}

async function begin(server: DrillServer): Promise<{ server: DrillServer; platform: Platform }> {
  const servers = { adminUrl: server.adminUrl, brokers: kafka.brokers };
  const platform = await printed.stage('the platform', () => startPlatform({ servers, dir: join(room, 'platform') }));
  running.push(server, platform);
  return { server, platform };
}

async function buy(platform: Platform, members: readonly string[], count: number, name: string): Promise<Bought[]> {
  const bought: Bought[] = [];
  for (let n = 0; n < count; n++) {
    const memberId = members[n % members.length];
    const body = samplePurchase(till(platform), STORES[0], { memberId }, `${name}-${n}`);
    bought.push({ body, credit: await post(platform, body) });
  }
  return bought;
}

/** Posts until it is credited: what is pending is so because the member is not known yet. */
async function post(platform: Platform, body: object): Promise<Credit> {
  const api = new Api(platform.gateway.url, till(platform).key);
  return eventually('a purchase being credited', async () => {
    const credit = accepted(await api.post('/v1/purchases', body), 'a purchase') as Credit;
    return credit.outcome === 'credited' ? credit : undefined;
  });
}

function till({ tillKeys }: Platform) {
  const [found] = tillKeys ?? [];
  assert(found);
  return found;
}

async function erase(platform: Platform, memberId: string): Promise<void> {
  const api = new Api(platform.gateway.url, platform.tokens.administrator);
  accepted(await api.post(`/v1/members/${memberId}/privacy-requests`, { kind: 'erasure' }), 'ordering an erasure');
  await eventually('the erasure', async () => ((await isReadable(platform, memberId)) ? undefined : true));
}

async function isReadable({ gateway, tokens }: Platform, memberId: string): Promise<boolean> {
  return (await new Api(gateway.url, tokens.agent).get(`/v1/members/${memberId}`)).status === 200;
}

/** At once, without a wait: a person who was erased must not be there when the first question is answered. */
async function isGone(platform: Platform, memberId: string): Promise<void> {
  assert.equal(await isReadable(platform, memberId), false, 'the erased member is back');
}

async function answersAsBefore(platform: Platform, bought: readonly Bought[]): Promise<void> {
  for (const { body, credit } of bought) {
    const { purchaseId, pointsEarned } = await post(platform, body);
    assert.deepEqual(
      { purchaseId, pointsEarned },
      { purchaseId: credit.purchaseId, pointsEarned: credit.pointsEarned },
    );
  }
}

/** A till keeps what it has posted: what is newer than the backup it hands in again. */
async function areBoughtAgain(platform: Platform, lost: readonly Bought[]): Promise<void> {
  for (const { body, credit } of lost) {
    const again = await post(platform, body);
    assert.equal(again.pointsEarned, credit.pointsEarned);
  }
}

async function verified({ database }: Platform): Promise<true | undefined> {
  const verify = join(workspaceDir, 'faults', 'dist', 'verify.js');
  const env = { ...process.env, DATABASE_URL: database.adminUrl };
  return run(process.execPath, [verify], { env }).then(
    () => true,
    () => undefined,
  );
}
