import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Outbox } from '@regulars/messaging';
import { dataSourceOptions, migrate, type Principal, readSettings, serviceSettings } from '@regulars/service';
import { TestClock, type TestDatabase, testDatabase } from '@regulars/testing';
import { DataSource } from 'typeorm';
import { migrations } from '../migrations/index.js';
import { BrandsService } from './brands/brands.service.js';
import { BrandRow } from './brands/brands.store.js';
import { type Caller, ChangesService } from './changes/changes.service.js';
import { RepublishOps } from './republish.ops.js';
import { StoresService } from './stores/stores.service.js';
import { StoreRow } from './stores/stores.store.js';
import { TillsService } from './tills/tills.service.js';
import { TillKeyRow, TillRow } from './tills/tills.store.js';

interface OutboxRow {
  id: string;
  aggregateid: string;
  type: string;
  payload: { version: number };
  occurred_at: Date;
}

const principal: Principal = { sub: 'wang', kind: 'person', roles: ['administrator'], stores: '*' };
const caller: Caller = { principal, traceparent: undefined };
const names = { nameZh: '灯笼面馆', nameEn: 'Lantern Noodles' };

describe('The chain on its database', () => {
  const clock = new TestClock('2026-03-01T08:00:00Z');
  let database: TestDatabase;
  let dataSource: DataSource;
  let brands: BrandsService;
  let stores: StoresService;
  let tills: TillsService;
  let ops: RepublishOps;
  let storeId: string;

  async function addStore(code: string): Promise<string> {
    const brand = await brands.create(caller, { code, ...names });
    if (brand.outcome !== 'created') throw new Error(brand.reason);
    const draft = { brandId: brand.brand.brandId, code, ...names, timeZone: 'Asia/Urumqi', dayCutoverMinutes: 0 };
    const store = await stores.create(caller, { ...draft, currency: 'CNY', language: 'en' });
    if (store.outcome !== 'created') throw new Error(store.reason);
    return store.store.storeId;
  }

  async function addTill(number: string): Promise<string> {
    const till = await tills.create(caller, { storeId, number });
    if (till.outcome !== 'created') throw new Error(till.reason);
    return till.till.tillId;
  }

  function outbox(): Promise<OutboxRow[]> {
    return dataSource.query('SELECT id, aggregateid, type, payload, occurred_at FROM outbox ORDER BY ord');
  }

  beforeAll(async () => {
    database = await testDatabase('stores');
    const settings = readSettings(serviceSettings, {
      DATABASE_URL: database.url,
      OPS_PORT: '0',
      GRPC_PORT: '0',
      KAFKA_BROKERS: 'unused:9092',
      PRINCIPAL_KEYS: '{}',
    });
    await migrate('stores', settings, migrations);
    dataSource = new DataSource({
      ...dataSourceOptions('stores', settings, migrations),
      entities: [BrandRow, StoreRow, TillRow, TillKeyRow],
    });
    await dataSource.initialize();
    const changes = new ChangesService(dataSource, new Outbox(), clock);
    brands = new BrandsService(changes);
    stores = new StoresService(dataSource, changes, brands);
    tills = new TillsService(dataSource, changes, stores);
    ops = new RepublishOps(changes, brands, stores, tills);
    storeId = await addStore('UR-BAZAAR');
  });

  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('[O3] publishes the latest event of every record again, with its first id and time', async () => {
    const tillId = await addTill('again');
    clock.advance(1_000);
    await tills.issueKey(caller, tillId, undefined);
    const before = await outbox();
    const latest = [...new Map(before.map((row) => [row.aggregateid, row])).values()];
    clock.advance(60_000);

    expect(await ops.everything()).toBe(latest.length);
    const again = (await outbox()).slice(before.length);
    const byId = (rows: OutboxRow[]) => rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    expect(byId(again)).toEqual(byId(latest));
    expect(again.find((row) => row.aggregateid === tillId)?.payload.version).toBe(2);
  });

  it('[O3] publishes every record again where there are more than a page', async () => {
    await dataSource.query(
      `INSERT INTO till (till_id, store_id, number, event_id, changed_at)
       SELECT gen_random_uuid(), $1, 'page ' || n, gen_random_uuid(), now() FROM generate_series(1, 1100) AS n`,
      [storeId],
    );
    const before = (await outbox()).length;
    const [{ records }] = await dataSource.query<[{ records: number }]>(
      'SELECT (SELECT count(*) FROM brand) + (SELECT count(*) FROM store) + (SELECT count(*) FROM till) AS records',
    );
    expect(await ops.everything()).toBe(records);
    const keys = new Set((await outbox()).slice(before).map((row) => row.aggregateid));
    expect(keys.size).toBe(records);
  });

  it('[O4] refuses the till that would be one too many for its store', async () => {
    storeId = await addStore('UR-FULL');
    await dataSource.query(
      `INSERT INTO till (till_id, store_id, number, event_id, changed_at)
       SELECT gen_random_uuid(), $1, n::text, gen_random_uuid(), now() FROM generate_series(1, 199) AS n`,
      [storeId],
    );
    await addTill('200');
    expect(await tills.create(caller, { storeId, number: '201' })).toMatchObject({
      outcome: 'refused',
      reason: 'TOO_MANY_TILLS',
    });
    expect(await tills.create(caller, { storeId, number: '200' })).toMatchObject({ reason: 'TILL_NUMBER_TAKEN' });
  });

  it('[O4] lists of a till its live keys and the twenty revoked ones that were made last', async () => {
    storeId = await addStore('UR-KEYS');
    const tillId = await addTill('1');
    const oldest = await tills.issueKey(caller, tillId, undefined);
    const made: string[] = [];
    for (let nth = 0; nth < 22; nth++) {
      clock.advance(1_000);
      const issued = await tills.issueKey(caller, tillId, undefined);
      if (issued.outcome !== 'issued') throw new Error(issued.reason);
      made.unshift(issued.key.keyId);
      await tills.revokeKey(caller, tillId, issued.key.keyId);
    }
    const [till] = (await tills.list(principal, storeId)) ?? [];
    const live = oldest.outcome === 'issued' ? oldest.key.keyId : '';
    expect(till?.keys.map((key) => key.keyId)).toEqual([...made.slice(0, 20), live]);
  });

  it('[O4] logs who changed what, without a secret, and never lets the log be changed', async () => {
    const tillId = await addTill('logged');
    const issued = await tills.issueKey(caller, tillId, undefined);
    if (issued.outcome !== 'issued') throw new Error(issued.reason);
    await tills.revokeKey(caller, tillId, issued.key.keyId);
    await tills.revokeKey(caller, tillId, issued.key.keyId);

    const log = await dataSource.query<{ principal: string; change: string; after: object }[]>(
      'SELECT principal, change, after FROM configuration_log WHERE record_id = $1 ORDER BY entry',
      [tillId],
    );
    expect(log.map((entry) => [entry.principal, entry.change])).toEqual([
      ['wang', 'till-created'],
      ['wang', 'till-key-issued'],
      ['wang', 'till-key-revoked'],
    ]);
    expect(JSON.stringify(log)).not.toContain(issued.secret.slice(-43));
    for (const change of ["UPDATE configuration_log SET principal = 'x'", 'DELETE FROM configuration_log']) {
      await expect(dataSource.query(change)).rejects.toThrow('append-only');
    }
    await expect(dataSource.query('TRUNCATE configuration_log')).rejects.toThrow('append-only');
  });
});
