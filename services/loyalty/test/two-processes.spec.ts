import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProgrammeServiceService, type ProgrammeTerms } from '@regulars/contracts/loyalty/v1/programmes';
import {
  type PostPurchaseResult,
  type Purchase,
  PurchaseRefusal,
  PurchaseServiceService,
} from '@regulars/contracts/loyalty/v1/purchases';
import { type RpcClient, rpcClient } from '@regulars/service';
import {
  eventually,
  publish,
  type RunningService,
  readTopic,
  signedPrincipal,
  startService,
  type TestDatabase,
  testDatabase,
  testTopics,
} from '@regulars/testing';
import pg from 'pg';
import { aMember, anItem, aPurchase, aStore, memberEvent, storeEvents, theTerms } from './chain.js';

type Purchases = RpcClient<typeof PurchaseServiceService>;

describe('Two loyalty processes on one database', () => {
  const store = aStore();
  const members = Array.from({ length: 8 }, aMember);
  const topics = testTopics();
  const deadline = new Date(Date.now() + 100_000);
  let database: TestDatabase;
  let processes: RunningService[] = [];
  let pods: Purchases[] = [];
  let till: string;

  beforeAll(async () => {
    database = await testDatabase('loyalty');
    till = await signedPrincipal({ sub: store.tillId, kind: 'till', stores: [store.storeId] });
    const env = { DATABASE_URL: database.url, TOPIC_PREFIX: topics.prefix, MIGRATE_ON_START: 'true' };
    processes = await Promise.all([startService('loyalty', env), startService('loyalty', env)]);
    pods = processes.map(({ grpcAddress }) => rpcClient(PurchaseServiceService, grpcAddress));
    await publishProgramme({ ...theTerms({ capPerDay: 500 }) });
    const events = storeEvents(store);
    await publish(`${topics.prefix}regulars.stores.store.v1`, [events.store]);
    await publish(`${topics.prefix}regulars.stores.till.v1`, [events.till]);
    await publish(`${topics.prefix}regulars.members.member.v1`, members.map(memberEvent));
    for (const member of members) {
      await eventually(async () => {
        const probe = await post(0, [aPurchase({ at: store, by: member, minor: 0 })]);
        return probe[0]?.outcome?.$case === 'credited';
      });
    }
  });

  afterAll(async () => {
    for (const pod of pods) pod.close();
    await Promise.all(processes.map((process) => process.stop()));
    await topics.drop();
    await database.drop();
  });

  async function publishProgramme(terms: ProgrammeTerms): Promise<void> {
    const principal = await signedPrincipal({ sub: 'head-office', kind: 'person', roles: ['administrator'] });
    const programmes = rpcClient(ProgrammeServiceService, processes[0]?.grpcAddress ?? '');
    const call = { principal, deadline };
    const { brandId } = store;
    const names = { nameZh: '灯笼会员', nameEn: 'Lantern Club' };
    const made = await programmes.createProgramme({ code: 'L', ...names, currency: 'CNY', brandIds: [brandId] }, call);
    const programmeId = made.programme?.programmeId ?? '';
    await programmes.draftVersion({ programmeId, terms }, call);
    await programmes.publishVersion({ programmeId, version: 1, effectiveFrom: '2020-01-01' }, call);
    programmes.close();
  }

  /** As a till does: what was not processed is posted again under the same key. */
  async function post(pod: number, purchases: readonly Purchase[]): Promise<PostPurchaseResult[]> {
    const keys = purchases.map(() => randomUUID());
    const done = new Map<string, PostPurchaseResult>();
    while (done.size < keys.length) {
      const open = keys.filter((key) => !done.has(key));
      const items = open.map((key) => anItem(purchases[keys.indexOf(key)] as Purchase, till, key));
      const { results } = await (pods[pod % pods.length] as Purchases).postPurchases({ items }, { deadline });
      results.forEach((result, index) => {
        if (result.outcome?.$case !== 'unprocessed') done.set(open[index] as string, result);
      });
    }
    return keys.map((key) => done.get(key) as PostPurchaseResult);
  }

  it('[L1][L3][L4] keep caps exact, members in order in the topic, and lose and double nothing', async () => {
    const purchases = Array.from({ length: 480 }, (_, n) => aPurchase({ at: store, by: members[n % 8], minor: 1_000 }));
    const batches = Array.from({ length: 48 }, (_, n) => purchases.slice(n * 10, n * 10 + 10));
    // Every batch goes to both, so that each receipt is posted twice under different keys, at the same time.
    const answers = await Promise.all(batches.flatMap((batch, n) => [post(n, batch), post(n + 1, batch)]));
    const credits = answers.flat().filter((result) => !result.replayed);
    expect(credits).toHaveLength(480);
    expect(answers.flat().every((result) => result.outcome?.$case === 'credited')).toBe(true);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query<{ balance: string; lots: string; entries: string }>(
      `SELECT a.balance, (SELECT sum(points) FROM entry e WHERE e.member_id = a.member_id) AS entries,
         (SELECT sum(remaining) FROM lot l WHERE l.member_id = a.member_id) AS lots FROM account a`,
    );
    await client.end();
    expect(rows.map(({ balance, entries, lots }) => [balance, entries, lots].map(Number))).toEqual(
      members.map(() => [500, 500, 500]),
    );
    await expectOrderInTopic();
  });

  it('[M6][L1][L4] erase a member while purchases of hers come in: nothing acknowledged is lost, and the books balance', async () => {
    const guest = aMember();
    await publish(`${topics.prefix}regulars.members.member.v1`, [memberEvent(guest)]);
    let before = 0;
    await eventually(async () => {
      before += 1;
      const [probe] = await post(0, [aPurchase({ at: store, by: guest, minor: 100 })]);
      return probe?.outcome?.$case === 'credited';
    });
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const counted = async (sql: string) =>
      (await client.query<{ count: number }>(`SELECT (${sql})::int AS count`, [guest.memberId])).rows[0]?.count;
    const earned = () => counted(`SELECT count(*) FROM entry WHERE member_id = $1 AND kind = 'earn'`);
    // Those that came before loyalty knew her are credited by themselves.
    await eventually(async () => (await earned()) === before);
    const payload = { requestId: randomUUID(), memberId: guest.memberId, orderedAt: new Date().toISOString() };
    const ordered = publish(`${topics.prefix}regulars.members.erasure.v1`, [
      { type: 'regulars.members.v1.MemberErasureOrdered', key: guest.memberId, payload },
    ]);
    const posted: { purchase: Purchase; result: PostPurchaseResult }[] = [];
    let isGone = false;
    // Both pods post until each was told that she is gone, and a while longer.
    const until = Date.now() + 20_000;
    for (let wave = 0; Date.now() < until && !(isGone && wave % 5 === 0); wave += 1) {
      const batches = [0, 1].map(() =>
        Array.from({ length: 10 }, () => aPurchase({ at: store, by: guest, minor: 200 })),
      );
      const answers = await Promise.all(batches.map((batch, pod) => post(pod, batch)));
      answers.forEach((results, pod) => {
        results.forEach((result, at) => posted.push({ purchase: batches[pod]?.[at] as Purchase, result }));
      });
      isGone = posted.some(({ result }) => result.outcome?.$case === 'refused');
    }
    await ordered;
    const credited = posted.filter(({ result }) => result.outcome?.$case === 'credited');
    const refused = posted.flatMap(({ result: { outcome } }) =>
      outcome?.$case === 'refused' ? [outcome.value.reason] : [],
    );
    expect(credited.length + refused.length).toBe(posted.length);
    expect(new Set(refused)).toEqual(new Set([PurchaseRefusal.MEMBER_GONE]));
    // What was acknowledged stands in the ledger once each, whatever the member has left.
    expect(await earned()).toBe(before + credited.length);
    expect(await counted(`SELECT count(*) FROM entry WHERE member_id = $1 AND kind = 'erasure'`)).toBe(1);
    expect(await counted('SELECT sum(points) FROM entry WHERE member_id = $1')).toBe(0);
    expect(await counted('SELECT sum(abs(balance) + debt) FROM account WHERE member_id = $1')).toBe(0);
    expect(await counted('SELECT sum(remaining) FROM lot WHERE member_id = $1')).toBe(0);
    await client.end();
    // A till that never had its answer asks again, and hears the same.
    const [again] = await post(
      0,
      credited.slice(0, 1).map(({ purchase }) => purchase),
    );
    if (credited[0]) expect(again).toEqual({ ...credited[0].result, replayed: true });
    expect((await processes[0]?.run('ops', 'verify'))?.code).toBe(0);
  });

  async function expectOrderInTopic(): Promise<void> {
    const records = await eventually(async () => {
      const all = await readTopic(`${topics.prefix}regulars.loyalty.points.v1`);
      return all.length >= 480 + members.length ? all : false;
    });
    for (const { memberId } of members) {
      const mine = records.filter(({ key }) => key === memberId).map(({ headers }) => Number(headers.ce_memberseq));
      expect(mine).toEqual(mine.map((_, index) => index + 1));
    }
  }
});
