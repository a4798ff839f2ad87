import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Api, accepted, eventually } from '../api.js';
import { workspaceDir } from '../folders.js';
import type { Platform } from '../platform.js';
import { secretsIn } from '../secrets.js';
import { registration, type Seeded, seedChain } from '../seed.js';
import { SERVICES } from '../services.js';
import { tellStory } from '../story.js';
import { tokensFrom } from '../tokens.js';
import { Cluster, output } from './cluster.js';
import { memoryOf, startsOf } from './readings.js';
import { layOutNextRelease, type Rehearsed, underLoad } from './rehearsal.js';
import { secretManifests } from './secrets.js';

const USAGE = `KUBECONFIG=… npm run e2e:k8s -- --load 'kind load image-archive {}'

Installs Regulars from nothing into a namespace of its own, tells the main job, and rehearses what a platform team does
while tills post: upgrade with a migration, rollback, scaling, evictions, killed pods. Removes everything at the end.
  --load       how an image archive comes into the cluster; {} is the file
  --namespace  regulars-e2e; must not be there
  --kill       seconds for which pods are killed at random (120)
  --loaded     the images are in the cluster already
  --before     tag of the images of an earlier release that are in the cluster: it is installed first and filled, then
               upgraded to this version, gone back to and upgraded again while tills post. They are written in a checkout
               of that release: npm run images -- gateway stores … notifications --tag <tag>
  --keep       leave everything running`;

const { values: flags } = parseArgs({
  options: {
    load: { type: 'string' },
    namespace: { type: 'string', default: 'regulars-e2e' },
    kill: { type: 'string', default: '120' },
    loaded: { type: 'boolean', default: false },
    before: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
if (!flags.load || !process.env.KUBECONFIG) {
  console.error(USAGE);
  process.exit(2);
}

const RELEASE = 'regulars';
const NEXT = '0.1.0-next';
const chart = join(workspaceDir, 'deploy', 'charts', 'regulars');
const examples = join(workspaceDir, 'deploy', 'examples', 'single-node');
const cluster = new Cluster(flags.namespace);
const room = await mkdtemp(join(tmpdir(), 'regulars-e2e-'));
/** What a till would have noticed; the rehearsal goes on, so that its report is whole. */
const faults: string[] = [];
let isWell = false;
try {
  if (!flags.loaded) await step('images of this version and of the next', loadImages);
  await step('namespace, Secrets, PostgreSQL and Kafka', prepare);
  const first = flags.before ?? 'this version';
  await step(`helm install of ${first}, until every pod is ready`, install);
  const seeded = await step('a small chain of restaurants', seed);
  if (flags.before) await rehearseReleases(flags.before);
  await tellStory(await reach(seeded));
  await step('helm test: one purchase twice, one credit', () => helmTest(seeded));
  cluster.close();
  await measure();
  await rehearse();
  await step('ops in every service', askOps);
  await step('helm uninstall leaves nothing', uninstall);
  for (const fault of faults) console.error(fault);
  isWell = faults.length === 0;
} catch (error) {
  console.error((error as Error).message);
  await showTrouble();
} finally {
  cluster.close();
  if (!flags.keep)
    await cluster.kubectl('delete', 'namespace', flags.namespace, '--timeout=180s').catch(() => undefined);
  await rm(room, { recursive: true, force: true });
}
console.log(isWell ? '\nEverything held.' : '\nIt did not hold.');
process.exit(isWell ? 0 : 1);

async function loadImages(): Promise<void> {
  const images = join(import.meta.dirname, '..', 'images', 'main.js');
  const now = join(room, 'now.tar');
  const next = join(room, 'next.tar');
  await layOutNextRelease(join(room, 'overlay'));
  say(await output(process.execPath, [images, '--out', now]));
  await output(process.execPath, [images, 'loyalty', '--out', next, '--tag', NEXT, '--overlay', join(room, 'overlay')]);
  for (const file of [now, next]) await output('sh', ['-c', (flags.load as string).replaceAll('{}', file)]);
}

async function prepare(): Promise<void> {
  await output('kubectl', ['create', 'namespace', flags.namespace]);
  await output('kubectl', ['label', 'namespace', flags.namespace, 'pod-security.kubernetes.io/enforce=restricted']);
  const secrets = await secretsIn(join(room, 'secrets.json'));
  const place = {
    namespace: flags.namespace,
    postgres: 'postgres:5432',
    database: 'regulars',
    smtpUrl: 'smtp://sink:2525',
  };
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'List',
    items: secretManifests(secrets, { ...place, adminPassword: 'e2e' }),
  });
  await cluster.apply(join(examples, 'servers.yaml'));
}

async function install(): Promise<void> {
  await output('helm', ['dependency', 'update', chart]);
  await deploy('install', ...(flags.before ? [`global.image.tag=${flags.before}`] : []));
}

async function upgrade(...set: string[]): Promise<void> {
  await deploy('upgrade', ...set);
}

/** As a single small store has it: one node, one copy of everything. */
async function deploy(how: 'install' | 'upgrade', ...set: string[]): Promise<void> {
  const values = [join(examples, 'values.yaml'), join(examples, '..', 'small-store.yaml')];
  const files = values.flatMap((file) => ['-f', file]);
  const told = set.flatMap((each) => ['--set', each]);
  await cluster.helm(how, RELEASE, chart, ...files, ...told, '--wait', '--timeout', '5m');
}

/** With nothing else going on: how soon each service is ready, and what all of it takes at rest and while guests buy. */
async function measure(): Promise<void> {
  await step('every service started anew by itself; 3 s are wanted', async () => {
    for (const { service, processMs, podSeconds } of await startsOf(cluster)) {
      say(
        `${service.padEnd(14)} ready ${processMs} ms after its process began, its pod ${podSeconds} s after its container`,
      );
    }
  });
  await step('memory of one small store at rest', tellMemory);
  await gently('memory of one small store, six guests buying', 90, async () => {
    await sleep(30_000);
    await tellMemory();
  });
}

/** The sign-in server and the mail sink stand for what an installation has elsewhere. */
async function tellMemory(): Promise<void> {
  const memory = await memoryOf(cluster);
  const elsewhere = new Set(['oidc', 'sink', 'load']);
  const own = [...memory].filter(([name]) => !elsewhere.has(name));
  const sum = own.reduce((all, [, mib]) => all + mib, 0);
  say(own.map(([name, mib]) => `${name} ${mib.toFixed(0)}`).join(', '));
  say(`${sum.toFixed(0)} MiB with PostgreSQL and Kafka; 2048 are wanted`);
}

async function seed(): Promise<Seeded> {
  const platform = await reach({});
  const seeded = await seedChain(platform, room);
  await prepareLoad(platform, seeded);
  cluster.close();
  return seeded;
}

/** Port-forwards to a running installation. */
async function reach(seeded: Partial<Seeded>): Promise<Platform> {
  cluster.close();
  const secrets = await secretsIn(join(room, 'secrets.json'));
  const [gateway, oidc, sink] = [
    await cluster.forward('gateway', 8080),
    await cluster.forward('oidc', 8090),
    await cluster.forward('sink', 8025),
  ];
  await cluster.forward('kafka', 19_092, 19_092);
  const tokens = await tokensFrom(`http://127.0.0.1:${oidc}`, secrets.oidcClientSecret);
  const url = `http://127.0.0.1:${gateway}`;
  return {
    gateway: { url, docs: `${url}/docs` },
    tokens,
    sink: { url: `http://127.0.0.1:${sink}`, smtp: '' },
    kafka: { brokers: '127.0.0.1:19092' },
    topicPrefix: '',
    ...seeded,
  } as unknown as Platform;
}

async function helmTest({ tillKeys, members }: Seeded): Promise<void> {
  const [till, member] = [tillKeys[0], members[0]];
  assert(till && member);
  const { key, storeId, tillId } = till;
  const json = JSON.stringify({ key, storeId, tillId, memberNumber: member.number, currency: 'CNY' });
  await cluster.apply(secret('regulars-test-till', { 'till.json': json }));
  const told = await cluster.helm('test', RELEASE, '--timeout', '90s');
  say(/^Phase:.*$/m.exec(told)?.[0] ?? told);
}

async function prepareLoad({ gateway, tokens }: Platform, { tillKeys, stores }: Seeded): Promise<void> {
  const office = new Api(gateway.url, tokens.agent);
  const till = tillKeys[1];
  assert(till);
  const memberNumbers: string[] = [];
  for (let guest = 0; guest < 6; guest++) {
    const mobile = `+86137${String(Date.now()).slice(-7)}${guest}`;
    const person = { name: '负载客人', mobile, email: `load-${guest}@guests.example`, language: 'zh-CN' };
    const made = accepted(await office.post('/v1/members', registration(person, stores[0]?.storeId)), 'registering');
    memberNumbers.push((made as { number: string }).number);
  }
  const { key, storeId, tillId } = till;
  const plan = { url: 'http://gateway:8080', seconds: 10, pauseMs: 100, till: { key, storeId, tillId }, memberNumbers };
  await cluster.apply(secret('regulars-load', { 'plan.json': JSON.stringify(plan) }));
  await underLoad(cluster, trialImage(), 'warm-up', 60, () => sleep(5_000));
}

/** A release that others run, to this version and back, on a database that is in use. */
async function rehearseReleases(before: string): Promise<void> {
  await gently(`guests buy at ${before}`, 60, () => sleep(10_000));
  await gently(`upgrade of everything from ${before} to this version`, 300, () => upgrade());
  await gently(`back to ${before}, with the schema of this version`, 300, async () => {
    await cluster.helm('rollback', RELEASE, '--wait', '--timeout', '5m');
  });
  await gently(`upgrade from ${before} again`, 300, () => upgrade());
}

async function gently(what: string, most: number, work: () => Promise<unknown>): Promise<void> {
  const { report, seconds } = await note(what, most, work);
  if (Object.keys(report.failed).length > 0) faults.push(`${what}: requests failed, ${JSON.stringify(report.failed)}`);
  say(`took ${seconds.toFixed(1)} s`);
}

async function rehearse(): Promise<void> {
  await gently('upgrade of loyalty with a migration', 200, () => upgrade(`loyalty.image.tag=${NEXT}`));
  const schema = await cluster.ops('loyalty', 'schema');
  assert(JSON.stringify(schema.answer).includes('Rehearsal'), 'the next release knows its migration');
  await gently('rollback of loyalty', 200, () => cluster.helm('rollback', RELEASE, '--wait', '--timeout', '4m'));
  await gently('every service restarted, one after the other', 400, async () => {
    for (const service of SERVICES) {
      await cluster.kubectl('rollout', 'restart', `deploy/${service}`);
      await cluster.kubectl('rollout', 'status', `deploy/${service}`, '--timeout=90s');
    }
  });
  await gently('gateway and loyalty from 1 to 3 pods and back', 300, async () => {
    for (const replicas of [3, 1]) {
      await cluster.kubectl('scale', 'deploy/gateway', 'deploy/loyalty', `--replicas=${replicas}`);
      for (const service of ['gateway', 'loyalty'])
        await cluster.kubectl('rollout', 'status', `deploy/${service}`, '--timeout=90s');
      await sleep(8_000);
    }
  });
  await upgrade('gateway.replicas=2', 'loyalty.replicas=2');
  await gently('evictions of gateway and loyalty, pod by pod', 300, () => evict(['gateway', 'loyalty']));
  const seconds = Number(flags.kill);
  await note(`pods killed at random for ${seconds} s`, seconds + 120, () => killAtRandom(seconds));
}

async function note(what: string, most: number, work: () => Promise<unknown>): Promise<Rehearsed> {
  return step(`under load: ${what}`, async () => {
    const done = await underLoad(cluster, trialImage(), what, most, work);
    const { purchases, failed, p50Ms, p99Ms, worstMs, wrongBalances } = done.report;
    say(
      `${purchases} purchases, failed ${JSON.stringify(failed)}, p50 ${p50Ms} ms, p99 ${p99Ms} ms, worst ${worstMs} ms, wrong balances ${wrongBalances}`,
    );
    assert.equal(wrongBalances, 0, `${what}: a balance is not what was acknowledged`);
    const verified = await cluster.ops('loyalty', 'verify');
    assert.equal(verified.code, 0, `${what}: ${JSON.stringify(verified.answer)}`);
    return done;
  });
}

interface PodItem {
  metadata: { name: string };
}

async function evict(services: readonly string[]): Promise<void> {
  for (const service of services) {
    for (const { metadata } of await cluster.items<PodItem>('pods', '-l', `app.kubernetes.io/name=${service}`)) {
      const path = `/api/v1/namespaces/${flags.namespace}/pods/${metadata.name}/eviction`;
      const body = {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: metadata.name, namespace: flags.namespace },
      };
      await eventually(`the eviction of ${metadata.name}`, () =>
        output('sh', ['-c', `echo '${JSON.stringify(body)}' | kubectl create --raw ${path} -f -`]).catch(
          () => undefined,
        ),
      );
      await cluster.kubectl('rollout', 'status', `deploy/${service}`, '--timeout=90s');
    }
  }
}

async function killAtRandom(seconds: number): Promise<void> {
  const until = performance.now() + seconds * 1_000;
  let killed = 0;
  while (performance.now() < until) {
    const pods = await cluster.items<PodItem>(
      'pods',
      '-l',
      `app.kubernetes.io/instance=${RELEASE}`,
      '--field-selector=status.phase=Running',
    );
    const victim = pods[Math.floor(Math.random() * pods.length)];
    if (victim) await cluster.kubectl('delete', 'pod', victim.metadata.name, '--grace-period=0', '--force');
    killed += 1;
    await sleep(5_000 + Math.random() * 5_000);
  }
  say(`${killed} pods killed`);
}

async function askOps(): Promise<void> {
  for (const service of SERVICES) {
    await cluster.kubectl('rollout', 'status', `deploy/${service}`, '--timeout=120s');
    assert.equal((await cluster.ops(service, 'health')).code, 0);
    if (service === 'gateway') continue;
    const lag = await eventually(`${service} having caught up`, async () => {
      const found = await cluster.ops(service, 'lag', '--max-records', '0', '--max-seconds', '5');
      return found.code === 0 ? found : undefined;
    });
    assert.equal((await cluster.ops(service, 'parked', 'list')).code, 0);
    say(`${service.padEnd(14)} ${JSON.stringify((lag.answer as { outbox: unknown }).outbox)}`);
  }
  const published = await cluster.ops('stores', 'republish');
  assert.equal(published.code, 0);
  assert.equal((await cluster.ops('loyalty', 'rewind', 'regulars.stores.store.v1')).code, 0);
  assert.equal((await cluster.ops('loyalty', 'nonsense')).code, 2);
}

async function uninstall(): Promise<void> {
  await cluster.helm('uninstall', RELEASE, '--wait', '--timeout', '3m');
  const kinds = 'all,configmap,secret,pdb,networkpolicy,serviceaccount,hpa,ingress,endpointslice';
  const selector = `app.kubernetes.io/instance=${RELEASE}`;
  await eventually('nothing being left', async () => {
    const left = (await cluster.kubectl('get', kinds, '-l', selector, '-o', 'name')).trim();
    return left === '' ? true : undefined;
  });
  assert.equal((await cluster.helm('list', '-q')).trim(), '');
}

function secret(name: string, stringData: Record<string, string>): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: flags.namespace }, stringData };
}

function trialImage(): string {
  return 'regulars/trial:0.1.0';
}

async function showTrouble(): Promise<void> {
  const look = async (...args: string[]) =>
    console.error(await cluster.kubectl(...args).catch((error: unknown) => String(error)));
  await look('get', 'pods', '-o', 'wide');
  await look('get', 'events', '--sort-by=.lastTimestamp');
  for (const service of SERVICES) await look('logs', `deploy/${service}`, '--tail=15');
}

async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const from = performance.now();
  console.log(`\n${what} …`);
  const result = await work();
  console.log(`✓ ${what} ${((performance.now() - from) / 1_000).toFixed(1)} s`);
  return result;
}

function say(text: string): void {
  for (const line of text.trimEnd().split('\n')) console.log(`   ${line}`);
}
