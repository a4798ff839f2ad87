import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@regulars/testing';
import { registration } from '@regulars/tools';
import { type Journey, startJourney } from './platform.js';

let journey: Journey;

beforeAll(async () => {
  journey = await startJourney();
});

afterAll(() => journey.stop());

/** The date in Shanghai so many days from now. */
function day(ahead = 0): string {
  return new Date(Date.now() + 8 * 3_600_000 + ahead * 86_400_000).toISOString().slice(0, 10);
}

const tier = (code: string, nameZh: string, nameEn: string, fromSpentMinor: number, multiplierPercent: number) => {
  return { code, nameZh, nameEn, fromSpentMinor, multiplierPercent };
};

/** What was in force until yesterday: its points are at an end. */
const before = {
  accrual: { points: 1, perMinor: 100, rounding: 'down' },
  tiers: [tier('regular', '普通', 'Regular', 0, 100), tier('gold', '黄金', 'Gold', 100_000, 150)],
  tierPeriodMonths: 1,
  expiry: { fixedDate: day(-1) },
  acceptDaysBack: 60,
  refundMayOwe: true,
  timeZone: 'Asia/Shanghai',
};

/** What is in force today: birthdays, tiers that are reviewed, points for a year. */
const now = {
  ...before,
  expiry: { rollingMonths: 12 },
  tierReview: { everyMonths: 1, noticeDays: 60, graceDays: 0 },
  birthday: { window: 'week', couponCode: 'CAKE' },
  rules: [
    {
      code: 'birthday',
      nameZh: '生日双倍',
      nameEn: 'Birthday',
      when: { onBirthday: true },
      multiplierPercent: 200,
      stacking: 'add',
    },
  ],
};

interface Credited {
  readonly pointsEarned: number;
  readonly balance: number;
  readonly tier: { readonly tier: string };
}

/** A chain of one store and one till, with a programme of its own that has a past. */
async function openChain() {
  const make = async <Made>(path: string, body: object) =>
    (await journey.as('administrator').post(path, body).expect(201)).body as Made;
  const names = { nameZh: '年轮', nameEn: 'Year' };
  const { brandId } = await make<{ brandId: string }>('/v1/brands', { code: 'YEAR', ...names });
  const programme = { code: 'YEAR', ...names, currency: 'CNY', brandIds: [brandId] };
  const { programmeId } = await make<{ programmeId: string }>('/v1/programmes', programme);
  for (const [terms, effectiveFrom] of [
    [before, day(-60)],
    [now, day()],
  ] as const) {
    const versions = `/v1/programmes/${programmeId}/versions`;
    const { version } = await make<{ version: number }>(versions, terms);
    await make(`${versions}/${version}:publish`, { effectiveFrom });
  }
  const hours = { timeZone: 'Asia/Shanghai', dayCutoverMinutes: 0, currency: 'CNY', language: 'zh-CN' };
  const { storeId } = await make<{ storeId: string }>('/v1/stores', { brandId, code: 'YEAR-1', ...names, ...hours });
  const { tillId } = await make<{ tillId: string }>('/v1/tills', { storeId, number: '1' });
  const { secret } = await make<{ secret: string }>(`/v1/tills/${tillId}/keys`, {});
  const offer = { programmeId, validFrom: day(-60) };
  const cake = { ...offer, code: 'CAKE', nameZh: '生日蛋糕', nameEn: 'Birthday cake', kind: 'amount-off' };
  await make('/v1/coupon-definitions', { ...cake, valueMinor: 5_000 });
  const yuan = { ...offer, code: 'YUAN', nameZh: '一元', nameEn: 'One yuan', kind: 'money-off' };
  const { rewardId } = await make<{ rewardId: string }>('/v1/rewards', { ...yuan, points: 1, valueMinor: 100 });
  return { storeId, tillId, key: secret, rewardId };
}

function receiptOf(businessDate: string, minor: number, member: object, { storeId, tillId }: Chain) {
  return {
    storeId,
    tillId,
    businessDate,
    receiptNumber: randomUUID().slice(0, 8),
    rungAt: `${businessDate}T00:01:00+08:00`,
    member,
    currency: 'CNY',
    totalMinor: minor,
    lines: [{ sku: 'FEAST', name: '家宴', category: 'dishes', quantityMilli: 1_000, amountMinor: minor }],
    payments: [{ type: 'wechat-pay', amountMinor: minor }],
    channel: 'dine-in',
    partySize: 4,
  };
}

type Chain = Awaited<ReturnType<typeof openChain>>;

describe('A year of one member', () => {
  it('[L5][L6][L7][L8][L10] from points that ended by a birthday, a promotion and a part refund to the statement', async () => {
    const { as } = journey;
    const chain = await openChain();
    const till = { key: chain.key };
    const post = async (businessDate: string, minor: number, member: object) => {
      const body = receiptOf(businessDate, minor, member, chain);
      const posted = await eventually(async () => {
        const answer = await as(till).post('/v1/purchases', body);
        return answer.status === 201 && answer;
      });
      return { body, credited: posted.body as Credited };
    };

    const email = `year-${randomUUID().slice(0, 8)}@guests.example`;
    const mobile = `+86137${String(Date.now()).slice(-8)}`;
    const form = registration({ name: '林一年', mobile, email, language: 'zh-CN' }, undefined);
    const [, month, date] = day().split('-').map(Number);
    const person = { ...form.person, birthday: { month, day: date } };
    const joined = await as('administrator')
      .post('/v1/members', { ...form, person })
      .expect(201);
    const { memberId } = joined.body as { memberId: string };
    await eventually(() => journey.isKnownToLoyalty(memberId));
    const member = { memberId };
    const points = `/v1/members/${memberId}/points`;

    // Six weeks ago, by the policy of then: earned, and ended since.
    const { credited: old } = await post(day(-40), 5_000, member);
    expect(old).toMatchObject({ pointsEarned: 50 });
    await eventually(async () => {
      const { entries } = (await as('agent').get(`${points}/entries`).expect(200)).body as {
        entries: { kind: string; points: number }[];
      };
      return entries.some(({ kind, points: moved }) => kind === 'expire' && moved === -50);
    });

    // Today is her birthday: the coupon of the year comes by itself, once.
    const gifts = await eventually(async () => {
      const answer = await as('agent').get(`/v1/members/${memberId}/coupons`).expect(200);
      const { coupons } = answer.body as { coupons: { validUntil: string }[] };
      return coupons.length > 0 && coupons;
    });
    expect(gifts).toMatchObject([{ state: 'issued', validUntil: day(3) }]);

    // Double points, and gold at once; the next purchase is credited by gold's multiplier and doubled besides.
    const { credited: feast } = await post(day(), 120_000, member);
    expect(feast).toMatchObject({ pointsEarned: 2_400, tier: { tier: 'gold' } });
    const { body: second, credited: more } = await post(day(), 10_000, member);
    expect(more).toMatchObject({ pointsEarned: 250, balance: 2_650 });

    // She pays a part of it with points, and gives half of it back.
    const reserving = { storeId: chain.storeId, tillId: chain.tillId, member, rewardId: chain.rewardId, quantity: 100 };
    const reserved = await as(till).post('/v1/redemptions', reserving).expect(201);
    const { redemptionId } = reserved.body as { redemptionId: string };
    const { businessDate, receiptNumber } = second;
    const paid = { receipt: { businessDate, receiptNumber } };
    await as(till).post(`/v1/redemptions/${redemptionId}:confirm`, paid).expect(201);
    const refund = {
      businessDate,
      receiptNumber: `${receiptNumber}-R`,
      rungAt: second.rungAt,
      purchase: { businessDate, receiptNumber },
      lines: [{ line: 0, quantityMilli: 500, amountMinor: 5_000 }],
    };
    const back = await as(till).post('/v1/refunds', refund).expect(201);
    expect(back.body).toMatchObject({ pointsTaken: 125, pointsReturned: 50, balance: 2_475 });

    // The month that comes does not keep gold by what she spent today: she is told in time.
    await eventually(async () => {
      const answer = await as('agent').get(`/v1/members/${memberId}/tier/changes`).expect(200);
      const { changes } = answer.body as { changes: { kind: string }[] };
      return changes.map(({ kind }) => kind).join() === 'noticed,promoted';
    });

    const statement = await as('agent')
      .get(`${points}/statement?month=${day().slice(0, 7)}`)
      .expect(200);
    expect(statement.body).toMatchObject({ openingBalance: 0, closingBalance: 2_475 });
    const coupons = await as('agent').get(`/v1/members/${memberId}/coupons`).expect(200);
    expect((coupons.body as { coupons: object[] }).coupons).toHaveLength(1);
  });
});
