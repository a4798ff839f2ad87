import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BadEvent, type ReceivedEvent } from '@regulars/messaging';
import { type TestDatabase, testDatabase } from '@regulars/testing';
import { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { StoresConsumer } from './stores.consumer.js';
import { StoresService } from './stores.service.js';
import { StoresStore } from './stores.store.js';

const bund = '01975f00-0000-7000-8000-000000000001';
const lujiazui = '01975f00-0000-7000-8000-000000000002';

describe('Hearing of stores', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  const stores = new StoresService(new StoresStore());
  const consumer = new StoresConsumer(stores);

  const hear = (...events: ReceivedEvent[]) => dataSource.transaction((tx) => consumer.apply(tx, events));

  beforeAll(async () => {
    database = await testDatabase('complaints');
    dataSource = new DataSource({ type: 'postgres', url: database.url, migrations: [...migrations] });
    await dataSource.initialize();
    await dataSource.runMigrations();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('[C3] knows a store once it has been told, however often and in whatever order', async () => {
    await hear(changed(bund, 2), changed(lujiazui, 1), changed(bund, 1));
    await hear(changed(bund, 1));
    expect(await stores.knows(dataSource.manager, bund)).toBe(true);
    expect(await stores.knows(dataSource.manager, '01975f00-0000-7000-8000-00000000000f')).toBe(false);
    expect(await dataSource.query('SELECT version::int FROM store WHERE store_id = $1', [bund])).toEqual([
      { version: 2 },
    ]);
  });

  it('[O3] hands on an event without a store as one that can never be applied', async () => {
    await expect(hear({ ...changed(bund, 3), payload: {} })).rejects.toThrow(BadEvent);
  });
});

function changed(storeId: string, version: number): ReceivedEvent {
  return {
    id: `${storeId}/${version}`,
    type: 'regulars.stores.v1.StoreChanged',
    key: storeId,
    payload: { store: { storeId, timeZone: 'Asia/Shanghai' }, version: String(version) },
    topic: 'regulars.stores.store.v1',
    partition: 0,
    offset: '0',
    time: new Date('2026-05-04T12:00:00Z'),
  };
}
