import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Stacking } from '@regulars/contracts/loyalty/v1/accrual_rules';
import { BirthdayWindow } from '@regulars/contracts/loyalty/v1/programmes';
import type { Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import { PrincipalSigner } from '@regulars/service';
import { MembersServer, privateKeyOf, TestClock, type TestDatabase } from '@regulars/testing';
import { aMember, aPurchase, aStore, type TestMember, theTerms } from '../../test/chain.js';
import { aCouponKind } from '../../test/coupons.js';
import { loyaltyDatabase, Pod } from '../../test/pod.js';
import { MembersClient } from './members.client.js';

// Noon in Shanghai, in the month in which the tests run: purchases lie in partitions by month.
const month = new Date().toISOString().slice(0, 7);
const noon = (day: string) => `${month}-${day}T04:00:00Z`;
const onDay = (day: string) => `${month}-${day}`;

const birthdayRule = {
  code: 'birthday',
  nameZh: '生日双倍',
  nameEn: 'Birthday',
  when: {
    categories: [],
    skus: [],
    tiers: [],
    storeIds: [],
    channels: [],
    weekdays: [],
    daysOfMonth: [],
    fromDate: '',
    untilDate: '',
    fromTime: '',
    untilTime: '',
    onBirthday: true,
    leastMinor: 0,
  },
  gives: { $case: 'multiplierPercent' as const, value: 200 },
  stacking: Stacking.ADD,
  priority: 0,
  mostPoints: 0,
};

async function clientOf({ address }: MembersServer): Promise<MembersClient> {
  return new MembersClient({ MEMBERS_ADDR: address }, await PrincipalSigner.fromJwk(privateKeyOf('loyalty')));
}

describe('Birthday rights on a real database', () => {
  const clock = new TestClock(noon('15'));
  const store = aStore();
  let database: TestDatabase;
  let members: MembersServer;
  let pod: Pod;
  let other: Pod;
  let programmeId: string;

  beforeAll(async () => {
    database = await loyaltyDatabase();
    members = await MembersServer.open();
    pod = await Pod.start(database.url, clock, 1, await clientOf(members));
    other = await Pod.start(database.url, clock, 1, await clientOf(members));
    const birthday = { window: BirthdayWindow.WEEK, couponCode: 'CAKE' };
    programmeId = await pod.open(store, { ...theTerms(), rules: [birthdayRule], birthday });
    await pod.coupons.define({ caller: 'office', key: 'cake' }, aCouponKind(programmeId, { code: 'CAKE' }));
  });

  afterAll(async () => {
    await Promise.all([pod.stop(), other.stop()]);
    members.close();
    await database.drop();
  });

  afterEach(() => {
    clock.set(noon('15'));
  });

  async function guest(birthdayOn?: string, year?: number): Promise<TestMember> {
    const member = aMember();
    if (birthdayOn) members.tellBirthday(member.memberId, birthdayOn, year);
    await pod.register(member);
    return member;
  }

  async function work(pods = [pod]): Promise<void> {
    for (;;) {
      const done = await Promise.all(
        pods.map(async (each) => (await each.birthdays.askDue()) + (await each.birthdays.openDue())),
      );
      if (done.every((count) => count === 0)) return;
    }
  }

  /** Members is asked again about everybody. */
  async function later(day: string): Promise<void> {
    clock.set(noon(day));
    await pod.rows(`UPDATE birthday_watch SET ask_at = $1`, [clock.now()]);
  }

  async function earned(by: TestMember, day: string): Promise<number> {
    const [result] = await pod.post([aPurchase({ at: store, by, minor: 10_000, businessDate: onDay(day) })]);
    return result?.outcome?.$case === 'credited' ? result.outcome.value.pointsEarned : -1;
  }

  const coupons = ({ memberId }: TestMember) =>
    pod.rows<{ day: string }>(`SELECT last_day::text AS day FROM coupon WHERE member_id = $1`, [memberId]);
  const events = async ({ memberId }: TestMember) => {
    const rows = await pod.rows<{ type: string }>(
      `SELECT type FROM outbox WHERE aggregateid = $1 AND type LIKE '%.Birthday%' ORDER BY ord`,
      [memberId],
    );
    return rows.map(({ type }) => type.split('.').at(-1));
  };

  it('[L3][L10] doubles the points of the birthday by the business date of the store, and says which rule did', async () => {
    const member = await guest(onDay('14'));
    await work();
    expect(await earned(member, '13')).toBe(100);
    expect(await earned(member, '14')).toBe(200);
    expect(await earned(member, '14')).toBe(200);
    expect(await earned(member, '15')).toBe(100);
    const [entry] = await pod.rows<{ id: string }>(
      `SELECT entry_id AS id FROM entry WHERE member_id = $1 AND points = 200 LIMIT 1`,
      [member.memberId],
    );
    expect(JSON.stringify(await pod.points.explain(entry?.id ?? ''))).toContain('"rule",2000000,{"rule":1,');
  });

  it('[L10] credits a claimed receipt of the birthday by the same rule', async () => {
    const member = await guest(onDay('14'));
    await work();
    const purchase = aPurchase({ at: store, minor: 10_000, businessDate: onDay('14') });
    await pod.post([purchase]);
    const receipt = purchase.receipt as Receipt;
    const { memberId } = member;
    const claimed = await pod.purchases.claim({ caller: 'app', key: undefined, receipt, memberId, totalMinor: 10_000 });
    expect(claimed).toMatchObject({ result: { points: 200 } });
  });

  it('[L10] gives the coupon when the window opens, good to its end, and greets on the day: each once a year', async () => {
    const member = await guest(onDay('20'));
    await earned(member, '15');
    await work();
    expect(await events(member)).toEqual([]);
    clock.set(noon('17'));
    await work([pod, other]);
    expect(await coupons(member)).toEqual([{ day: onDay('23') }]);
    expect(await events(member)).toEqual(['BirthdayGiftGiven']);
    clock.set(noon('20'));
    await work([pod, other]);
    await work([pod, other]);
    expect(await events(member)).toEqual(['BirthdayGiftGiven', 'BirthdayCame']);
    expect(await coupons(member)).toHaveLength(1);
  });

  it('[L10] brings the year nothing more when the birthday is edited, neither gift nor points', async () => {
    const member = await guest(onDay('15'));
    await earned(member, '14');
    await work();
    expect(await coupons(member)).toHaveLength(1);
    members.tellBirthday(member.memberId, onDay('18'));
    await later('18');
    await work();
    expect(await coupons(member)).toHaveLength(1);
    expect(await earned(member, '18')).toBe(100);
    // By another calendar it would be the birthday of the year before.
    members.tellBirthday(member.memberId, onDay('18'), Number(month.slice(0, 4)) - 1);
    await later('18');
    await work();
    expect(await coupons(member)).toHaveLength(1);
    expect(await earned(member, '18')).toBe(100);
  });

  it('[L10] brings it again the year after', async () => {
    const member = await guest(onDay('15'));
    await earned(member, '14');
    await work();
    const next = `${Number(month.slice(0, 4)) + 1}-${month.slice(5)}`;
    members.tellBirthday(member.memberId, `${next}-15`);
    clock.set(`${next}-15T04:00:00Z`);
    await work();
    expect(await coupons(member)).toHaveLength(2);
    expect(await events(member)).toEqual(['BirthdayGiftGiven', 'BirthdayCame', 'BirthdayGiftGiven', 'BirthdayCame']);
  });

  it('[L10] gives two replicas that work at once no second coupon, for many members', async () => {
    const many = await Promise.all(Array.from({ length: 250 }, () => guest(onDay('15'))));
    await pod.post(many.map((by) => aPurchase({ at: store, by, businessDate: onDay('14') })));
    await work([pod, other]);
    const ids = many.map(({ memberId }) => memberId);
    const [row] = await pod.rows(
      `SELECT count(*)::int AS coupons, count(DISTINCT member_id)::int AS members FROM coupon
       WHERE member_id = ANY ($1::uuid[])`,
      [ids],
    );
    expect(row).toEqual({ coupons: 250, members: 250 });
  });

  it('[L10] leaves nothing half done when it is stopped between the right and its gift', async () => {
    const member = await guest(onDay('15'));
    await earned(member, '14');
    await pod.rows(`CREATE FUNCTION no_event() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'killed'; END $$`);
    await pod.rows(`CREATE TRIGGER no_event BEFORE INSERT ON coupon FOR EACH ROW EXECUTE FUNCTION no_event()`);
    await expect(work()).rejects.toThrow('killed');
    await pod.rows(`DROP TRIGGER no_event ON coupon`);
    expect(await events(member)).toEqual([]);
    await work();
    expect(await coupons(member)).toHaveLength(1);
    expect(await events(member)).toEqual(['BirthdayGiftGiven', 'BirthdayCame']);
  });

  it('[L10] gives no gift for a birthday before the member came, nor to who never bought', async () => {
    const late = aMember();
    members.tellBirthday(late.memberId, onDay('10'));
    await pod.dataSource.transaction((tx) =>
      pod.members.keep(tx, [{ ...late, language: 'zh-CN', registeredAt: clock.now() }]),
    );
    const never = await guest(onDay('15'));
    await earned(late, '15');
    await work();
    expect([await coupons(late), await coupons(never)]).toEqual([[], []]);
    expect([await events(late), await events(never)]).toEqual([[], ['BirthdayCame']]);
  });

  it('[L10] asks again when members was out, and forgets a birthday that is far again', async () => {
    const member = await guest(onDay('15'));
    members.isOut = true;
    await work();
    const watched = () =>
      pod.rows<{ day: string | null }>(`SELECT birthday_on::text AS day FROM birthday_watch WHERE member_id = $1`, [
        member.memberId,
      ]);
    expect(await watched()).toEqual([{ day: null }]);
    members.isOut = false;
    clock.advance(31_000);
    await work();
    expect(await watched()).toEqual([{ day: onDay('15') }]);
    clock.advance(120 * 86_400_000);
    await work();
    expect(await watched()).toEqual([{ day: null }]);
  });

  it('[M6] keeps nothing of the birthday of who was erased, and tells it to who asks for her data', async () => {
    const member = await guest(onDay('15'));
    await work();
    const told = await pod.rows<{ n: number }>(`SELECT count(*)::int AS n FROM birthday_right WHERE member_id = $1`, [
      member.memberId,
    ]);
    expect(told).toEqual([{ n: 1 }]);
    await pod.dataSource.transaction((tx) => pod.birthdays.forget(tx, member.memberId));
    const left = await pod.rows<{ n: number }>(
      `SELECT (SELECT count(*) FROM birthday_right WHERE member_id = $1)::int
         + (SELECT count(*) FROM birthday_watch WHERE member_id = $1)::int AS n`,
      [member.memberId],
    );
    expect(left).toEqual([{ n: 0 }]);
  });
});
