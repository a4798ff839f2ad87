import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** A till and the members who eat at its store. */
export interface LoadPlan {
  readonly url: string;
  readonly seconds: number;
  readonly till: { readonly key: string; readonly storeId: string; readonly tillId: string };
  readonly memberNumbers: readonly string[];
  /** Rest of each guest between two purchases. */
  readonly pauseMs: number;
}

/** What tills heard, and whether every guest has exactly the points that were acknowledged. */
export interface LoadReport {
  readonly purchases: number;
  readonly requests: number;
  /** Requests without a good answer, by what came instead; each was tried again under its key until it had one. */
  readonly failed: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
  /** Guests whose balance is not the sum of the points that they were told of. */
  readonly wrongBalances: number;
}

interface Heard {
  readonly pointsEarned: number;
  readonly balance: number;
}

/**
 * Buys for each member, one purchase after the other, and keeps what was answered; ends after the plan's seconds, or when
 * it is told to. A request that fails is tried again under the same key until it is answered, as a till does.
 */
export async function load(plan: LoadPlan, end?: AbortSignal): Promise<LoadReport> {
  const until = performance.now() + plan.seconds * 1_000;
  const isOver = () => performance.now() >= until || end?.aborted === true;
  const tooksMs: number[] = [];
  const failed: Record<string, number> = {};
  let requests = 0;
  const guest = async (memberNumber: string) => {
    let expected: number | undefined;
    let isRight = true;
    for (let number = 0; !isOver(); number++) {
      const body = JSON.stringify(
        purchaseOf(plan, memberNumber, `L${Date.now().toString(36)}-${memberNumber}-${number}`),
      );
      const key = randomUUID();
      for (;;) {
        requests += 1;
        const from = performance.now();
        const heard = await post(plan, body, key);
        tooksMs.push(performance.now() - from);
        if (typeof heard === 'string') {
          failed[heard] = (failed[heard] ?? 0) + 1;
          await sleep(100);
          continue;
        }
        expected = (expected ?? heard.balance - heard.pointsEarned) + heard.pointsEarned;
        isRight &&= heard.balance === expected;
        break;
      }
      await sleep(plan.pauseMs);
    }
    return isRight;
  };
  const right = await Promise.all(plan.memberNumbers.map(guest));
  tooksMs.sort((a, b) => a - b);
  const at = (share: number) => Math.round(tooksMs[Math.floor((tooksMs.length - 1) * share)] ?? 0);
  const lost = Object.values(failed).reduce((sum, each) => sum + each, 0);
  return {
    purchases: requests - lost,
    requests,
    failed,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    worstMs: at(1),
    wrongBalances: right.filter((each) => !each).length,
  };
}

/** The answer, or in one word why there is none. */
async function post({ url, till }: LoadPlan, body: string, key: string): Promise<Heard | string> {
  try {
    const response = await fetch(`${url}/v1/purchases`, {
      method: 'POST',
      headers: { authorization: `Bearer ${till.key}`, 'content-type': 'application/json', 'idempotency-key': key },
      body,
      signal: AbortSignal.timeout(10_000),
    });
    const answer = (await response.json()) as Heard & { code?: string; outcome?: string };
    if (!response.ok) return `${response.status} ${answer.code ?? ''}`.trim();
    return answer.outcome === 'credited' ? answer : `outcome ${answer.outcome ?? 'missing'}`;
  } catch (error) {
    const { cause, name } = error as Error & { cause?: { code?: string } };
    return cause?.code ?? name;
  }
}

function purchaseOf({ till }: LoadPlan, memberNumber: string, receiptNumber: string) {
  const now = new Date().toISOString();
  const { storeId, tillId } = till;
  return {
    storeId,
    tillId,
    businessDate: now.slice(0, 10),
    receiptNumber,
    rungAt: now,
    member: { number: memberNumber },
    currency: 'CNY',
    totalMinor: 5_800,
    lines: [{ sku: 'NOODLE', name: '招牌牛肉面', category: 'noodles', quantityMilli: 1_000, amountMinor: 5_800 }],
    payments: [{ type: 'wechat-pay', amountMinor: 5_800 }],
    channel: 'dine-in',
    partySize: 1,
  };
}

/** The trial image's `load`: the plan is a JSON file, the report the last line. SIGTERM ends it early, with its report. */
export async function runLoad(): Promise<void> {
  const plan = JSON.parse(await readFile(process.env.PLAN_FILE ?? '', 'utf8')) as LoadPlan;
  const end = new AbortController();
  process.once('SIGTERM', () => end.abort());
  console.log(
    JSON.stringify(await load({ ...plan, seconds: Number(process.env.SECONDS ?? plan.seconds) }, end.signal)),
  );
}
