import { execFile } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Platform, startPlatform } from '@regulars/tools';
import { Api, accepted, eventually } from './api.js';
import { putThrough } from './conformance/run.js';
import { TillProgram } from './conformance/till-program.js';
import { Watch } from './conformance/watch.js';
import { workspaceDir } from './folders.js';
import { type Sandbox, sandboxFor } from './sandbox.js';

const run = promisify(execFile);
const program = join(workspaceDir, 'tools', 'dist', 'conformance', 'reference-till.js');

let platform: Platform;
let sandbox: Sandbox;
/** The same for a till that signs; its key is in `signer.pem`. */
let signer: Sandbox;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'till-maker-'));
  platform = await startPlatform({
    servers: {
      adminUrl: process.env.REGULARS_TEST_DATABASE_URL ?? '',
      brokers: process.env.REGULARS_TEST_KAFKA_BROKERS ?? '',
    },
  });
  sandbox = await sandboxFor(platform.gateway.url, platform.tokens.administrator, 'a maker');
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  await writeFile(join(dir, 'signer.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const { x = '' } = publicKey.export({ format: 'jwk' });
  signer = await sandboxFor(platform.gateway.url, platform.tokens.administrator, 'a maker who signs', x);
  await isKnown(sandbox);
  await eventually('the gateway hearing of the signer', () => isKnownSigner(privateKey));
});

afterAll(async () => {
  await platform.stop();
  await rm(dir, { recursive: true, force: true });
});

const environment = () => ({
  GATEWAY: platform.gateway.url,
  TILL_KEY: sandbox.key,
  TILL_ID: sandbox.tillId,
  MEMBER: sandbox.members[0]?.number ?? '',
});

/** Posts until every part of the platform has heard of the store, the till and the guest. */
async function isKnown({ key, members }: Sandbox): Promise<void> {
  const till = new Api(platform.gateway.url, key);
  const day = new Date(Date.now() + 8 * 3_600_000).toISOString();
  const [businessDate, rungAt] = [day.slice(0, 10), `${day.slice(0, 19)}+08:00`];
  for (let attempt = 0; ; attempt++) {
    const money = { currency: 'CNY', totalMinor: 0, payments: [], channel: 'dine-in' };
    const lines = [{ sku: 'TEA', name: 'Tea', category: 'drinks', quantityMilli: 1_000, amountMinor: 0 }];
    const receipt = { businessDate, receiptNumber: `known-${attempt}`, rungAt, member: { number: members[0]?.number } };
    const { status } = await till.post('/v1/purchases', { ...receipt, ...money, lines });
    if (status === 201) return;
    if (attempt > 300) throw new Error(`the sandbox is not known: ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** True once the gateway knows the key: it then finds something else wrong with the request. */
async function isKnownSigner(key: KeyObject): Promise<true | undefined> {
  const created = Math.floor(Date.now() / 1_000);
  const input = `("@method" "@path");created=${created};keyid="${signer.keyId}"`;
  const base = `"@method": GET\n"@path": /v1/rewards\n"@signature-params": ${input}`;
  const signature = sign(null, Buffer.from(base), key).toString('base64');
  const headers = { 'signature-input': `till=${input}`, signature: `till=:${signature}:` };
  const { status } = await fetch(`${platform.gateway.url}/v1/rewards`, { headers });
  return status === 401 ? undefined : true;
}

describe('The sandbox for till makers', () => {
  it('[O6] is a store with a programme of its own, so that nothing rung up there counts', async () => {
    const office = new Api(platform.gateway.url, platform.tokens.agent);
    const points = `/v1/members/${sandbox.members[0]?.memberId ?? ''}/points`;
    const account = accepted(await office.get(points), 'reading the points') as { programmeId: string };
    expect(account.programmeId).not.toBe(platform.programmeId);
    expect((await office.get(`${points}?programmeId=${platform.programmeId ?? ''}`)).status).toBe(404);
  });

  it('[O6] is made once: another maker gets another till in it', async () => {
    const other = await sandboxFor(platform.gateway.url, platform.tokens.administrator, 'another maker');
    expect(other.storeId).toBe(sandbox.storeId);
    expect(other.tillId).not.toBe(sandbox.tillId);
    const numbers = ({ members }: Sandbox) => members.map(({ number }) => number);
    expect(numbers(other)).toEqual(numbers(sandbox));
    const again = await sandboxFor(platform.gateway.url, platform.tokens.administrator, 'another maker');
    expect([again.tillId, again.key === other.key]).toEqual([other.tillId, false]);
  });
});

describe('The guide for till makers', () => {
  const guide = (name: string) => readFile(join(workspaceDir, 'docs', 'integration', name), 'utf8');
  const blocksIn = (text: string) => [...text.matchAll(/```sh\n(.*?)```/gs)].map(([, block = '']) => block);

  it('[O6] has the same commands in both languages', async () => {
    expect(blocksIn(await guide('tills.zh-CN.md'))).toEqual(blocksIn(await guide('tills.md')));
  });

  it('[O6] shows commands that work as they stand, with what they answer', async () => {
    const blocks = blocksIn(await guide('tills.md'));
    expect(blocks.length).toBeGreaterThan(5);
    const marked = blocks.map((block, at) => `${block}\necho "=== end of ${at}"\n`).join('');
    // npm runs in the checkout; everything else may write its files where it stands.
    const dist = join(workspaceDir, 'tools', 'dist');
    const npm = `npm() {
      case "$*" in
        *sandbox*) shift 4; node ${join(dist, 'make-sandbox.js')} --gateway "$GATEWAY" "$@" ;;
        *) node ${join(dist, 'conformance', 'main.js')} --help ;;
      esac
    }`;
    const script = `${npm}\n${marked}`;
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: dir,
      env: { ...process.env, ...environment(), TOKEN: platform.tokens.administrator },
    });
    const outputs = stdout.split(/=== end of \d+\n/);
    blocks.forEach((block, at) => {
      const missing = [...block.matchAll(/^# → (.*)$/gm)].filter(([, told = '']) => !outputs[at]?.includes(told));
      expect([outputs[at], missing.map(([, told]) => told)]).toEqual([outputs[at], []]);
    });
  });
});

describe('The conformance run for tills', () => {
  interface Judging {
    readonly flaw?: string;
    readonly only?: readonly string[];
    readonly signs?: boolean;
  }

  async function judge({ flaw = '', only, signs }: Judging): Promise<Record<string, string | undefined>> {
    const watch = await Watch.start(platform.gateway.url, 0);
    const journal = join(dir, `journal-${signs ? 'signed-' : ''}${flaw}.json`);
    const till = new TillProgram(`exec ${process.execPath} ${program}`, {
      ...environment(),
      ...(signs && { TILL_KEY: '', KEY_ID: signer.keyId, SIGNING_KEY: join(dir, 'signer.pem') }),
      GATEWAY: watch.url,
      JOURNAL: journal,
      FLAW: flaw,
    });
    try {
      const verdicts = await putThrough(till, watch, {
        patienceMs: flaw === '' ? 90_000 : 20_000,
        ...(only && { only }),
      });
      return Object.fromEntries(verdicts.map(({ rule, finding }) => [rule, finding]));
    } finally {
      await till.stop();
      watch.stop();
    }
  }

  it('[O6] finds nothing in a till that keeps the rules', async () => {
    const found = await judge({});
    expect(Object.keys(found)).toHaveLength(13);
    expect(Object.entries(found).filter(([, finding]) => finding !== undefined)).toEqual([]);
  });

  it('[O6] finds nothing in a till that signs what it sends and keeps the rules', async () => {
    const found = await judge({ signs: true });
    expect(Object.entries(found).filter(([, finding]) => finding !== undefined)).toEqual([]);
  });

  it.each([
    ['half-signs', 'signature', 'does not cover idempotency-key'],
    ['keeps-its-time', 'signed-time', 'did not sign again'],
  ])('[O6] notices a till that signs and %s', async (flaw, rule, told) => {
    const found = await judge({ flaw, only: [rule], signs: true });
    expect(found[rule]).toContain(told);
  });

  it.each([
    ['new-key', 'lost-answer', 'another Idempotency-Key'],
    ['re-stamps', 'lost-answer', 'changed: rungAt'],
    ['gives-up', 'lost-answer', 'was not sent again'],
    ['impatient', 'unavailable', 'was told to wait 2000 ms'],
    ['forgets', 'restart', 'forgotten in the restart'],
    ['insists', 'refusal', 'was sent again'],
    ['wrong-clock', 'clock', 's behind'],
    ['reuses-receipt', 'refund', 'it needs its own'],
    ['strict', 'growth', 'stopped after an answer'],
  ])('[O6] notices a till that %s', async (flaw, rule, told) => {
    const found = await judge({ flaw, only: rule === 'refund' ? ['post', rule] : [rule] });
    expect(found[rule]).toContain(told);
  });
});
