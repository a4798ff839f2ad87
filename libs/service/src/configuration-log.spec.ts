import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestDatabase, testDatabase } from '@regulars/testing';
import { DataSource } from 'typeorm';
import './database.js';
import {
  configurationChanges,
  configurationTables,
  logConfiguration,
  verifyConfiguration,
} from './configuration-log.js';

const record = '0199c0de-0000-7000-8000-000000000001';

/** The table as it was before it was chained. */
const unchained = [
  `CREATE TABLE configuration_log (entry bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL,
    principal text NOT NULL, change text NOT NULL, record_id uuid NOT NULL, after json NOT NULL)`,
  `CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'append-only'; END $$`,
  `CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON configuration_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
];

describe('The log of configuration changes', () => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await testDatabase('stores');
    dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    for (const statement of configurationTables.up) await dataSource.query(statement);
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const note = (change: string, after: object = { name: '外滩店 "1"\n' }) =>
    dataSource.transaction((tx) =>
      logConfiguration(tx, {
        at: new Date('2026-11-02T11:45:01.123Z'),
        principal: 'wang',
        change,
        recordId: record,
        after,
      }),
    );
  const verify = () => verifyConfiguration(dataSource.manager);
  /** What somebody could do who owns the database. */
  const tamper = async (statement: string) => {
    await dataSource.query('ALTER TABLE configuration_log DISABLE TRIGGER append_only');
    await dataSource.query(statement);
    await dataSource.query('ALTER TABLE configuration_log ENABLE TRIGGER append_only');
  };

  it('[O4] chains every change to the one before, whoever writes at the same time', async () => {
    await note('first');
    await Promise.all(Array.from({ length: 8 }, (_, at) => note(`change-${at}`)));
    const found = await verify();
    expect(found).toMatchObject({ entries: 9, headEntry: 9, brokenEntry: 0 });
    const [newest] = await configurationChanges(dataSource.manager, { limit: 1 });
    expect(newest?.hash.equals(found.headHash)).toBe(true);
  });

  it('[O4] leaves no gap and no broken link where a transaction rolled back', async () => {
    const { entries } = await verify();
    await expect(
      dataSource.transaction(async (tx) => {
        await logConfiguration(tx, { at: new Date(), principal: 'wang', change: 'x', recordId: record, after: {} });
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    await note('after');
    expect(await verify()).toMatchObject({ entries: entries + 1, headEntry: entries + 1, brokenEntry: 0 });
  });

  it('[O4] finds changes by person, record, kind and time', async () => {
    await note('special');
    const found = (wanted: object) => configurationChanges(dataSource.manager, { limit: 200, ...wanted });
    expect((await found({ change: 'special' })).map(({ change }) => change)).toEqual(['special']);
    expect(await found({ principal: 'nobody' })).toEqual([]);
    expect(await found({ recordId: '0199c0de-0000-7000-8000-000000000002' })).toEqual([]);
    expect(await found({ until: new Date('2026-11-02T11:45:01.123Z') })).toEqual([]);
    const [one, two] = await found({ from: new Date('2026-11-02T00:00:00Z') });
    expect(await found({ beforeEntry: one?.entry, limit: 1 })).toEqual([two]);
  });

  it('[O4] shows where a change was rewritten, taken out or put in between', async () => {
    await tamper(`UPDATE configuration_log SET principal = 'zhao' WHERE entry = 3`);
    expect(await verify()).toMatchObject({ brokenEntry: 3 });
    await tamper(`UPDATE configuration_log SET principal = 'wang' WHERE entry = 3`);
    expect(await verify()).toMatchObject({ brokenEntry: 0 });
    await tamper(`UPDATE configuration_log SET after = '{"name": "other"}' WHERE entry = 4`);
    expect(await verify()).toMatchObject({ brokenEntry: 4 });
    await tamper(`DELETE FROM configuration_log WHERE entry = 4`);
    expect(await verify()).toMatchObject({ brokenEntry: 5 });
  });

  it('[O4] chains what a service had noted before there were chains', async () => {
    for (const statement of configurationTables.down) await dataSource.query(statement);
    for (const statement of unchained) await dataSource.query(statement);
    const old = `INSERT INTO configuration_log (at, principal, change, record_id, after)
      SELECT now(), 'wang', 'old', '${record}', '{"a": 1}' FROM generate_series(1, 3)`;
    await dataSource.query(old);
    for (const statement of configurationTables.chainExisting) await dataSource.query(statement);
    await note('new');
    // The version before this one goes on writing while the new one starts.
    await dataSource.query(old);
    expect(await verify()).toMatchObject({ entries: 7, headEntry: 7, brokenEntry: 0 });
    await expect(dataSource.query('DELETE FROM configuration_log')).rejects.toThrow('append-only');
  });
});
