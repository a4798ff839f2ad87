import { randomUUID } from 'node:crypto';
import { Api, accepted } from '@regulars/tools';
import type { Laboratory } from './laboratory.js';
import type { LoadResult } from './load.js';
import type { Measurements } from './measurements.js';
import type { Requests } from './requests.js';
import { withClient } from './yardstick.js';

const PER_SECOND = 200;
const CONNECTIONS = 32;
const WARM_UP_S = 2;
const TARGET_MS = 50;

/** Each kind of call at the same pace, beside purchases at that pace: the yardstick. */
export interface SpendingMeasured {
  readonly purchases: LoadResult;
  readonly calls: Readonly<Record<string, LoadResult>>;
}

/** Points and coupons spent in two phases at a steady pace (requirements L8, L9). */
export async function measureSpending(
  lab: Laboratory,
  measurements: Measurements,
  seconds: number,
): Promise<SpendingMeasured> {
  const { platform, buyers } = lab;
  const count = PER_SECOND * (seconds + WARM_UP_S + 2);
  const till = platform.tillKeys?.[0]?.key ?? '';
  const offers = await makeOffers(lab, count);
  // Everybody has points to spend afterwards.
  await measurements.purchases({ connections: 64, warmUpS: 0, seconds: 6 });
  const load = {
    url: platform.gateway.url,
    connections: CONNECTIONS,
    perSecond: PER_SECOND,
    warmUpS: WARM_UP_S,
    seconds,
  };
  const put = async (posts: readonly (readonly [path: string, body: object])[]) => {
    await measurements.rest();
    // Confirmed can be what was reserved, so a second less than that lasts.
    const lastsS = Math.min(seconds, Math.floor(posts.length / PER_SECOND) - WARM_UP_S - 1);
    if (lastsS < 1) throw new Error(`${posts.length} calls do not last for a second`);
    const requests: Requests = {
      kind: 'posts',
      bearer: till,
      posts: posts.map(([path, body]) => [path, JSON.stringify(body)]),
    };
    return lab.generator.run({ ...load, seconds: lastsS, requests });
  };
  const held = (sql: string) =>
    withClient(platform.database.urls.loyalty, async (client) => {
      const { rows } = await client.query<{ id: string }>(sql);
      return rows.map(({ id }) => id);
    });
  await measurements.rest();
  const { warmUpS, ...pace } = load;
  const purchases = await measurements.purchases({ ...pace, warmUpS });
  const wishes = Array.from({ length: count }, (_, turn) => ({
    member: { memberId: buyers[turn % buyers.length]?.memberId },
    rewardId: offers.rewardId,
  }));
  const reserved = await put(wishes.map((wish) => ['/v1/redemptions', wish]));
  const redemptions = await held(`select redemption_id as id from redemption where state = 'reserved'`);
  const confirmed = await put(redemptions.map((id) => [`/v1/redemptions/${id}:confirm`, {}]));
  const lines = [{ sku: 'FEAST', category: 'dishes', quantityMilli: 1_000, amountMinor: 5_000 }];
  const couponsHeld = await put(offers.codes.map((code) => ['/v1/coupon-uses', { lines, codes: [code] }]));
  const uses = await held(`select use_id as id from coupon_use where state = 'reserved'`);
  const couponsUsed = await put(uses.map((id) => [`/v1/coupon-uses/${id}:confirm`, {}]));
  return {
    purchases,
    calls: {
      'points reserved': reserved,
      'points confirmed': confirmed,
      'coupon held': couponsHeld,
      'coupon used': couponsUsed,
    },
  };
}

export function spendingText({ purchases, calls }: SpendingMeasured): string {
  const line = (what: string, { perSecond, p50Ms, p99Ms, statuses }: LoadResult, more: string) =>
    `  ${what.padEnd(18)} ${perSecond.toFixed(0)}/s, p50 ${p50Ms.toFixed(1)}, p99 ${p99Ms.toFixed(1)} ms${more} ${JSON.stringify(statuses)}`;
  return [
    `Points and coupons spent at ${PER_SECOND} calls/s (target: p99 ≤ ${TARGET_MS} ms), beside purchases at that pace`,
    line('purchases', purchases, ','),
    ...Object.entries(calls).map(([what, result]) => {
      const ratio = (result.p99Ms / purchases.p99Ms).toFixed(2);
      return line(what, result, `, ${ratio} × (${result.p99Ms <= TARGET_MS ? 'met' : 'missed'}),`);
    }),
  ].join('\n');
}

async function makeOffers({ platform }: Laboratory, count: number): Promise<{ rewardId: string; codes: string[] }> {
  const { gateway, tokens, programmeId } = platform;
  const office = new Api(gateway.url, tokens.administrator);
  const make = async <Made>(path: string, body: object) => accepted(await office.post(path, body), path) as Made;
  const code = `B${randomUUID().slice(0, 6).toUpperCase()}`;
  const offer = { programmeId, code, nameZh: '茶', nameEn: 'Tea', validFrom: '2026-01-01' };
  const { rewardId } = await make<{ rewardId: string }>('/v1/rewards', {
    ...offer,
    kind: 'dish',
    points: 1,
    stock: 10 * count,
  });
  const { definitionId } = await make<{ definitionId: string }>('/v1/coupon-definitions', {
    ...offer,
    kind: 'amount-off',
    valueMinor: 500,
  });
  const { batchId } = await make<{ batchId: string }>('/v1/coupon-batches', { definitionId, count });
  const authorization = `Bearer ${tokens.administrator}`;
  const drawn = await fetch(`${gateway.url}/v1/coupon-batches/${batchId}/codes`, { headers: { authorization } });
  return { rewardId, codes: (await drawn.text()).trim().split('\n') };
}
