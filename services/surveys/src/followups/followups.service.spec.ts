import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Outbox } from '@regulars/messaging';
import type { Principal } from '@regulars/service';
import { TestClock, type TestDatabase, testDatabase } from '@regulars/testing';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { migrations } from '../../migrations/index.js';
import { ComplaintsService } from '../complaints/complaints.service.js';
import { ComplaintsStore } from '../complaints/complaints.store.js';
import { SurveysMemberData } from '../privacy/member-data.service.js';
import { StoresService } from '../stores/stores.service.js';
import { StoresStore } from '../stores/stores.store.js';
import { FollowUpsService, type HeardPurchase } from './followups.service.js';
import { FollowUpsStore } from './followups.store.js';

const [bund, elsewhere] = [uuidv7(), uuidv7()];
const everybody: Principal = { sub: 'agent-1', kind: 'person', roles: ['agent'], stores: '*' };
const noon = '2026-05-04T04:00:00Z';

describe('Follow-ups', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let clock: TestClock;
  let followUps: FollowUpsService;
  const complaints = new ComplaintsService(new ComplaintsStore());
  const stores = new StoresService(new StoresStore());

  /** Another process of the service: nothing is common but the database. */
  const replica = () => new FollowUpsService(dataSource, new FollowUpsStore(), stores, complaints, new Outbox(), clock);
  const hear = (...purchases: HeardPurchase[]) => dataSource.transaction((tx) => followUps.hear(tx, purchases));
  const purchase = (memberId: string, change: Partial<HeardPurchase> = {}): HeardPurchase => ({
    eventId: uuidv7(),
    memberId,
    storeId: bund,
    purchaseId: uuidv7(),
    rungAt: clock.now(),
    ...change,
  });
  const merge = async (survivorId: string, mergedId: string) => {
    const mergeId = uuidv7();
    await dataSource.query('INSERT INTO heard_merge VALUES ($1, $2, $3, false)', [mergeId, survivorId, mergedId]);
    return mergeId;
  };
  const list = async (memberId: string, principal = everybody) =>
    (await followUps.list(memberId, principal, { limit: 10, after: undefined })).followUps;
  const events = async (memberId: string) => {
    const rows = await dataSource.query<{ type: string }[]>(
      'SELECT type FROM outbox WHERE aggregateid = $1 ORDER BY ord',
      [memberId],
    );
    return rows.map(({ type }) => type.replace('regulars.surveys.v1.', ''));
  };

  beforeAll(async () => {
    database = await testDatabase('surveys');
    dataSource = new DataSource({ type: 'postgres', url: database.url, migrations: [...migrations] });
    await dataSource.initialize();
    await dataSource.runMigrations();
    await stores.remember(dataSource.manager, [{ storeId: bund, version: 1, timeZone: 'Asia/Shanghai' }]);
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });
  beforeEach(async () => {
    await dataSource.query('DELETE FROM follow_up');
    clock = new TestClock(noon);
    followUps = replica();
  });

  it('[S4] plans one for a purchase and announces it, however often it is heard', async () => {
    const memberId = uuidv7();
    const bought = purchase(memberId, { traceparent: '00-11111111111111111111111111111111-2222222222222222-01' });
    await hear(bought);
    await hear(bought, bought);
    expect(await list(memberId)).toMatchObject([
      { purchaseId: bought.purchaseId, storeId: bund, state: 'PLANNED', dueAt: new Date('2026-05-05T04:00:00Z') },
    ]);
    const told = await dataSource.query<object[]>(
      'SELECT type, payload, traceparent FROM outbox WHERE aggregateid = $1',
      [memberId],
    );
    const [planned] = await list(memberId);
    expect(told).toEqual([
      {
        type: 'regulars.surveys.v1.FollowUpPlanned',
        traceparent: bought.traceparent,
        payload: {
          followUpId: planned?.followUpId,
          memberId,
          storeId: bund,
          purchaseId: bought.purchaseId,
          dueAt: '2026-05-05T04:00:00.000Z',
        },
      },
    ]);
  });

  it('[S4] asks a member once per interval, also where two purchases are heard together', async () => {
    const memberId = uuidv7();
    await hear(purchase(memberId), purchase(memberId), purchase(uuidv7()));
    clock.advance(29 * 86_400_000);
    await hear(purchase(memberId));
    expect(await list(memberId)).toHaveLength(1);
    clock.advance(86_400_000);
    await hear(purchase(memberId));
    expect(await list(memberId)).toHaveLength(2);
  });

  it('[S4] plans none for a member with an open complaint', async () => {
    const memberId = uuidv7();
    await complaints.remember(dataSource.manager, [{ caseId: uuidv7(), memberId }]);
    await hear(purchase(memberId));
    expect([await list(memberId), await events(memberId)]).toEqual([[], []]);
  });

  it('[M6] plans none for a member whose data is restricted, lets go of what was planned, and plans again afterwards', async () => {
    const [memberId, other] = [uuidv7(), uuidv7()];
    await hear(purchase(memberId), purchase(other));
    const { manager } = dataSource;
    await manager.query('INSERT INTO restricted_member VALUES ($1, now(), now())', [memberId]);
    const data = new SurveysMemberData(dataSource);
    expect([await data.restrict(manager, memberId), await data.restrict(manager, memberId)]).toEqual([1, 0]);
    await hear(purchase(memberId));
    expect([await list(memberId), (await list(other)).length]).toEqual([[], 1]);
    await manager.query('UPDATE restricted_member SET since = NULL WHERE member_id = $1', [memberId]);
    await hear(purchase(memberId));
    expect(await list(memberId)).toHaveLength(1);
  });

  it('[S4] announces it when its time has come, once, where four processes look at the same time', async () => {
    const members = Array.from({ length: 500 }, () => uuidv7());
    await hear(...members.map((memberId) => purchase(memberId)));
    const processes = Array.from({ length: 4 }, replica);
    clock.set('2026-05-05T03:59:59Z');
    await Promise.all(processes.map((one) => one.announceDue()));
    expect(await events(members[0]!)).toEqual(['FollowUpPlanned']);
    clock.set('2026-05-05T04:00:00Z');
    const looked = await Promise.all(processes.map((one) => one.announceDue()));
    expect(looked.reduce((sum, each) => sum + each, 0)).toBe(500);
    expect(await followUps.announceDue()).toBe(0);
    const told = await dataSource.query<{ type: string; count: number }[]>(
      'SELECT type, count(*)::int AS count FROM outbox WHERE aggregateid = ANY ($1) GROUP BY type ORDER BY type',
      [members],
    );
    expect(told.map(({ count }) => count)).toEqual([500, 500]);
    expect(await list(members[0]!)).toMatchObject([{ state: 'DUE' }]);
  });

  it('[S4] waits for the morning where the service was down at the time', async () => {
    const memberId = uuidv7();
    await hear(purchase(memberId));
    clock.set('2026-05-05T17:00:00Z');
    await followUps.announceDue();
    expect(await list(memberId)).toMatchObject([{ state: 'PLANNED', dueAt: new Date('2026-05-06T02:00:00Z') }]);
    clock.set('2026-05-06T02:00:00Z');
    await followUps.announceDue();
    expect(await events(memberId)).toEqual(['FollowUpPlanned', 'FollowUpDue']);
  });

  it('[S4] lets it lapse where the member complained meanwhile, and does not count it as asked', async () => {
    const memberId = uuidv7();
    const bought = purchase(memberId);
    await hear(bought);
    const complaint = { caseId: uuidv7(), memberId };
    await complaints.remember(dataSource.manager, [complaint]);
    clock.set('2026-05-05T04:00:00Z');
    await followUps.announceDue();
    expect([await list(memberId), await events(memberId)]).toEqual([[], ['FollowUpPlanned']]);
    await dataSource.query('DELETE FROM open_complaint WHERE case_id = $1', [complaint.caseId]);
    await hear(bought);
    expect(await list(memberId)).toEqual([]);
    await hear(purchase(memberId));
    expect(await list(memberId)).toHaveLength(1);
  });

  it('[S4] plans for a store that has not been told yet, and asks once its zone is known', async () => {
    const memberId = uuidv7();
    const unheard = uuidv7();
    await hear(purchase(memberId, { storeId: unheard, rungAt: new Date('2026-05-03T10:00:00Z') }));
    clock.set('2026-05-04T10:00:00Z');
    await followUps.announceDue();
    expect(await list(memberId)).toMatchObject([{ state: 'PLANNED', dueAt: new Date('2026-05-04T11:00:00Z') }]);
    await stores.remember(dataSource.manager, [{ storeId: unheard, version: 1, timeZone: 'Europe/Paris' }]);
    clock.set('2026-05-04T11:00:00Z');
    await followUps.announceDue();
    expect(await list(memberId)).toMatchObject([{ state: 'DUE' }]);
  });

  it('[M5] asks two members who are one person as one, once they are merged, and as two again afterwards', async () => {
    const [survivorId, mergedId] = [uuidv7(), uuidv7()];
    const mergeId = await merge(survivorId, mergedId);
    await hear(purchase(mergedId));
    await hear(purchase(survivorId), purchase(mergedId));
    expect([await list(survivorId), await list(mergedId)]).toMatchObject([[{ memberId: mergedId }], [{}]]);
    await dataSource.query('UPDATE heard_merge SET is_undone = true WHERE merge_id = $1', [mergeId]);
    await hear(purchase(survivorId), purchase(mergedId));
    expect([await list(survivorId), await list(mergedId)]).toMatchObject([
      [{ memberId: survivorId }],
      [{ memberId: mergedId }],
    ]);
  });

  it('[M5] leaves a person alone of whom either member complains or has restricted her data', async () => {
    const [survivorId, mergedId, complaining, restricted] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
    await complaints.remember(dataSource.manager, [{ caseId: uuidv7(), memberId: complaining }]);
    await dataSource.query('INSERT INTO restricted_member VALUES ($1, now(), now())', [restricted]);
    await merge(survivorId, complaining);
    await merge(mergedId, restricted);
    await hear(purchase(survivorId), purchase(mergedId));
    expect([await list(survivorId), await list(mergedId)]).toEqual([[], []]);
  });

  it('[M5] asks once where both members were to be asked when they were merged, also by two processes at once', async () => {
    const people = Array.from({ length: 150 }, () => [uuidv7(), uuidv7()] as const);
    await hear(...people.flat().map((memberId) => purchase(memberId)));
    for (const [survivorId, mergedId] of people) await merge(survivorId, mergedId);
    clock.set('2026-05-05T04:00:00Z');
    const looked = await Promise.all([replica(), replica()].map((one) => one.announceDue()));
    expect(looked.reduce((sum, each) => sum + each, 0)).toBe(300);
    const asked = await Promise.all(people.map(async ([survivorId]) => (await list(survivorId)).length));
    expect(asked).toEqual(people.map(() => 1));
  });

  it('[O4] lists those of the principal’s stores, newest first, page by page', async () => {
    const memberId = uuidv7();
    for (let month = 0; month < 3; month += 1) {
      await hear(purchase(memberId, month === 1 ? { storeId: elsewhere } : {}));
      clock.advance(31 * 86_400_000);
    }
    const all = await list(memberId);
    expect(all.map(({ storeId }) => storeId)).toEqual([bund, elsewhere, bund]);
    expect(all.map(({ dueAt }) => dueAt.getTime())).toEqual(
      all.map(({ dueAt }) => dueAt.getTime()).sort((a, b) => b - a),
    );
    expect(await list(memberId, { ...everybody, stores: [bund] })).toEqual([all[0], all[2]]);
    const page = await followUps.list(memberId, everybody, { limit: 2, after: undefined });
    expect(page.followUps).toEqual(all.slice(0, 2));
    const rest = await followUps.list(memberId, everybody, { limit: 2, after: [all[1]!.followUpId] });
    expect(rest).toEqual({ followUps: all.slice(2), nextCursor: '' });
  });
});
