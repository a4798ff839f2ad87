import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Misused, type OpsAnswer, type OpsCall, type OpsCommand } from '@regulars/service';

/** What a till needs to post: its key and itself. */
export interface TestTill {
  readonly key: string;
  readonly storeId: string;
  readonly tillId: string;
  /** Whom the purchase is credited to. */
  readonly memberNumber: string;
  readonly currency: string;
}

interface Answer {
  readonly status: number;
  readonly replayed: string | null;
  readonly body: { purchaseId?: string; pointsEarned?: number; balance?: number; outcome?: string };
}

/** What a release is tried with after it was installed (requirement O1): `helm test` runs it. */
export const postTwiceCommand: OpsCommand = {
  name: 'post-twice',
  values: ['url', 'till-file'],
  says: 'Post one purchase twice through the gateway at --url, with the till in --till-file: one credit is expected.',
  run: ({ flags }: OpsCall) => run(flags.url, flags['till-file']),
};

async function run(url: OpsCall['flags'][string], file: OpsCall['flags'][string]): Promise<OpsAnswer> {
  if (typeof url !== 'string' || typeof file !== 'string') throw new Misused('--url and --till-file are wanted');
  return postTwice(url, JSON.parse(await readFile(file, 'utf8')) as TestTill, new Date());
}

/**
 * Posts a purchase, the same again under the same key, and the same again as a till does that was switched off and on,
 * and then another one, whose balance tells how often the first was credited.
 */
export async function postTwice(url: string, till: TestTill, now: Date): Promise<OpsAnswer> {
  const key = randomUUID();
  const first = await post(url, till, now, 'A', key);
  const again = await post(url, till, now, 'A', key);
  const rebooted = await post(url, till, now, 'A', randomUUID());
  const next = await post(url, till, now, 'B', randomUUID());
  const credits = ((next.body.balance ?? 0) - (next.body.pointsEarned ?? 0) - before(first)) / earned(first);
  const isSame = [again, rebooted].every(({ body }) => JSON.stringify(body) === JSON.stringify(first.body));
  const ok = [first, again, rebooted, next].every(({ status }) => status === 201 || status === 200);
  const { purchaseId, pointsEarned, outcome } = first.body;
  const answer = {
    purchaseId,
    outcome,
    pointsEarned,
    credits,
    replayed: again.replayed,
    isSame,
    statuses: [first, again, rebooted, next].map(({ status }) => status),
  };
  return { ok: ok && isSame && credits === 1 && again.replayed === 'true', answer };
}

function earned({ body }: Answer): number {
  return body.pointsEarned ?? 0;
}

function before(first: Answer): number {
  return (first.body.balance ?? 0) - earned(first);
}

async function post(url: string, till: TestTill, now: Date, receipt: string, key: string): Promise<Answer> {
  const { storeId, tillId, memberNumber, currency } = till;
  const totalMinor = 10_000;
  const response = await fetch(`${url}/v1/purchases`, {
    method: 'POST',
    headers: { authorization: `Bearer ${till.key}`, 'content-type': 'application/json', 'idempotency-key': key },
    signal: AbortSignal.timeout(10_000),
    body: JSON.stringify({
      storeId,
      tillId,
      businessDate: now.toISOString().slice(0, 10),
      receiptNumber: `T${now.getTime().toString(36).toUpperCase()}-${receipt}`,
      rungAt: now.toISOString(),
      member: { number: memberNumber },
      currency,
      totalMinor,
      lines: [{ sku: 'TEST', name: 'Test', category: 'test', quantityMilli: 1_000, amountMinor: totalMinor }],
      payments: [{ type: 'cash', amountMinor: totalMinor }],
      channel: 'dine-in',
      partySize: 1,
    }),
  });
  const body = (await response.json()) as Answer['body'];
  return { status: response.status, replayed: response.headers.get('idempotency-replayed'), body };
}
