import { createHash, createPrivateKey, randomUUID, sign } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Temporal } from 'temporal-polyfill';

/**
 * A till that keeps the rules, in one file, to read beside one's own. It writes down what it is about to send before it
 * sends it, and sends that, byte for byte, until it has an answer; after a restart it goes on where it was.
 *
 * Takes GATEWAY, TILL_KEY, MEMBER (a member number) and JOURNAL (a file) from the environment, and a line of JSON for each
 * thing to do. Instead of TILL_KEY it takes KEY_ID and SIGNING_KEY (a PEM file), and signs what it sends. FLAW makes it break one rule, so that the conformance run can be seen to notice.
 */
interface Post {
  readonly path: string;
  key: string;
  body: string;
  state: 'open' | 'taken' | 'refused';
}

const { GATEWAY = '', TILL_KEY = '', MEMBER = '', JOURNAL = 'till-journal.json', FLAW = '' } = process.env;
const { KEY_ID = '', SIGNING_KEY } = process.env;
const signingKey = SIGNING_KEY === undefined ? undefined : createPrivateKey(readFileSync(SIGNING_KEY));
const TIMEOUT_MS = 5_000;
const PAUSE_MS = 300;

const journal: Post[] =
  existsSync(JOURNAL) && FLAW !== 'forgets' ? (JSON.parse(readFileSync(JOURNAL, 'utf8')) as Post[]) : [];
let isBusy = false;
/** How far this clock is ahead of the platform's, as the platform told. */
let aheadS = 0;

createInterface({ input: process.stdin }).on('line', (line) => {
  const { do: what } = JSON.parse(line) as { do: 'purchase' | 'refund' };
  journal.push(what === 'refund' ? refund() : purchase());
  write();
  void send();
});
void send();

function write(): void {
  writeFileSync(JOURNAL, JSON.stringify(journal));
}

/** Sends what is open, oldest first, until nothing is. */
async function send(): Promise<void> {
  if (isBusy) return;
  isBusy = true;
  for (let post = nextOpen(); post; post = nextOpen()) {
    const answer = await attempt(post);
    if (answer && answer.status < 300) post.state = 'taken';
    else if (answer?.status === 401 && takesTime(answer.told)) continue;
    else if (answer && answer.status !== 429 && answer.status < 500 && FLAW !== 'insists') post.state = 'refused';
    else {
      const told = FLAW === 'impatient' ? 0 : Number(answer?.headers.get('retry-after') ?? 0) * 1_000;
      await sleep(Math.max(PAUSE_MS, told));
      change(post);
    }
    write();
  }
  isBusy = false;
}

function nextOpen(): Post | undefined {
  return journal.find(({ state }) => state === 'open');
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly told: {
    readonly code?: string;
    readonly clock?: { readonly aheadS: number };
    readonly fieldOfTomorrow?: unknown;
  };
}

async function attempt(post: Post): Promise<Answer | undefined> {
  try {
    const headers = {
      ...(signingKey ? signatureOf(post) : { authorization: `Bearer ${TILL_KEY}` }),
      'content-type': 'application/json',
      'idempotency-key': post.key,
    };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(`${GATEWAY}${post.path}`, { method: 'POST', headers, body: post.body, signal });
    const told = (await answer.json()) as Answer['told'];
    if (FLAW === 'strict' && told.fieldOfTomorrow !== undefined) process.exit(1);
    return { status: answer.status, headers: answer.headers, told };
  } catch {
    return undefined;
  }
}

/** The headers of a signature (RFC 9421, RFC 9530): made anew for each attempt, for it tells its time. */
function signatureOf({ path, key, body }: Post): Record<string, string> {
  if (!signingKey) return {};
  const created = Math.floor(Date.now() / 1_000) - aheadS;
  const values: Record<string, string> = {
    '@method': 'POST',
    '@path': path,
    'content-digest': `sha-256=:${createHash('sha256').update(body).digest('base64')}:`,
    'idempotency-key': key,
  };
  const covered = Object.keys(values).filter((name) => FLAW !== 'half-signs' || name !== 'idempotency-key');
  const input = `(${covered.map((name) => `"${name}"`).join(' ')});created=${created};keyid="${KEY_ID}";alg="ed25519"`;
  const base = [...covered.map((name) => `"${name}": ${values[name]}`), `"@signature-params": ${input}`].join('\n');
  return {
    'content-digest': values['content-digest'] as string,
    'signature-input': `till=${input}`,
    signature: `till=:${sign(null, Buffer.from(base), signingKey).toString('base64')}:`,
  };
}

/** Whether the platform told the time; the till goes by it from now on. */
function takesTime({ code, clock }: Answer['told']): boolean {
  if (code !== 'SIGNATURE_TIME_OFF' || !clock || FLAW === 'keeps-its-time') return false;
  aheadS += clock.aheadS;
  return true;
}

/** What a flawed till does to a post before it sends it again. */
function change(post: Post): void {
  if (FLAW === 'gives-up') post.state = 'refused';
  if (FLAW === 'new-key') post.key = randomUUID();
  if (FLAW === 're-stamps') post.body = JSON.stringify({ ...(JSON.parse(post.body) as object), rungAt: now(1) });
}

function purchase(): Post {
  const body = {
    ...receipt('S'),
    member: { number: MEMBER },
    currency: 'CNY',
    totalMinor: 8_800,
    lines: [{ sku: 'D-011', name: '麻婆豆腐', category: 'dish', quantityMilli: 2_000, amountMinor: 8_800 }],
    payments: [{ type: 'wechat-pay', amountMinor: 8_800 }],
    channel: 'dine-in',
  };
  return { path: '/v1/purchases', key: randomUUID(), body: JSON.stringify(body), state: 'open' };
}

function refund(): Post {
  const bought = journal.findLast(({ path, state }) => path === '/v1/purchases' && state === 'taken');
  const { businessDate, receiptNumber } = JSON.parse(bought?.body ?? '{}') as ReturnType<typeof receipt>;
  const own = FLAW === 'reuses-receipt' ? { ...receipt('R'), businessDate, receiptNumber } : receipt('R');
  const body = { ...own, purchase: { businessDate, receiptNumber } };
  return { path: '/v1/refunds', key: randomUUID(), body: JSON.stringify(body), state: 'open' };
}

function receipt(letter: string) {
  return {
    businessDate: now().slice(0, 10),
    receiptNumber: `${letter}-${process.pid}-${journal.length}-${Date.now()}`,
    rungAt: now(),
  };
}

/** The time in the sandbox's store; its business day ends at midnight. */
function now(laterS = 0): string {
  const here = Temporal.Now.zonedDateTimeISO('Asia/Shanghai').add({ seconds: laterS });
  const told = here.subtract({ seconds: aheadS, minutes: FLAW === 'wrong-clock' ? 7 : 0 });
  return told.toString({ timeZoneName: 'never', smallestUnit: 'second' });
}
