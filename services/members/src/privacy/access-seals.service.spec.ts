import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { dataSourceOptions, migrate, readSettings, systemClock } from '@regulars/service';
import { type TestDatabase, testDatabase } from '@regulars/testing';
import { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import type { Caller } from '../caller.js';
import { membersSettings } from '../members.config.js';
import { AccessLogService } from './access-log.service.js';
import { AccessSealsService, linesOfASeal } from './access-seals.service.js';

const somebody = '019a9f3e-0000-7000-8000-000000000001';
const caller: Caller = {
  principal: { sub: 'agent-zhao', kind: 'person', roles: ['agent'], stores: '*' },
  traceparent: undefined,
};

describe('The log of reads of personal data', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let log: AccessLogService;
  let seals: AccessSealsService;

  const read = (purpose = 'guest-contact') => log.record(caller, [somebody], ['name'], purpose);
  const sealAll = async () => {
    while ((await seals.sealSome()) > 0);
  };
  /** What somebody could do who owns the database, and what is found then. */
  const foundAfter = async (...statements: readonly string[]) => {
    await dataSource.query('ALTER TABLE access_log DISABLE TRIGGER append_only');
    await dataSource.query('ALTER TABLE access_seal DISABLE TRIGGER append_only');
    for (const statement of statements) await dataSource.query(statement);
    await dataSource.query('ALTER TABLE access_log ENABLE TRIGGER append_only');
    await dataSource.query('ALTER TABLE access_seal ENABLE TRIGGER append_only');
    return (await seals.verifyAll()).brokenSeal;
  };

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await testDatabase('members');
    const settings = readSettings(membersSettings, {
      DATABASE_URL: database.url,
      OPS_PORT: '0',
      GRPC_PORT: '0',
      KAFKA_BROKERS: 'unused:9092',
      PRINCIPAL_KEYS: '{}',
      KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      BLIND_INDEX_KEY: randomBytes(32).toString('base64'),
    });
    await migrate('members', settings, migrations);
    dataSource = await new DataSource(dataSourceOptions('members', settings, migrations)).initialize();
    log = new AccessLogService(dataSource, systemClock);
    seals = new AccessSealsService(dataSource, systemClock);
  });

  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('[M6] has a seal over every line, however many write and seal at once', async () => {
    const others = new AccessSealsService(dataSource, systemClock);
    let isWriting = true;
    const sealing = [seals, others].map(async (each) => {
      while (isWriting) await each.sealSome();
    });
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        for (let nth = 0; nth < 40; nth++) await read();
      }),
    );
    isWriting = false;
    await Promise.all(sealing);
    await sealAll();
    expect(await seals.verifyAll()).toMatchObject({ lines: 240, brokenSeal: undefined, nextSeal: undefined });
    expect(await seals.unsealed()).toEqual({ lines: 0, since: null });
  });

  it('[M6] is not sealed past a line that is still being written, and readers do not wait for long', async () => {
    const writing = dataSource.createQueryRunner();
    await writing.startTransaction();
    const slow = new AccessLogService({ manager: writing.manager } as DataSource, systemClock);
    await slow.record(caller, [somebody], ['name'], 'slow');
    await read('fast');
    const { lines } = await seals.verifyAll();
    expect(await seals.sealSome()).toBe(0);
    await writing.commitTransaction();
    await writing.release();
    await sealAll();
    expect(await seals.verifyAll()).toMatchObject({ lines: lines + 2, brokenSeal: undefined });
  });

  it('[M6] shows where a line was changed, taken out or put in between', async () => {
    await dataSource.query(
      `INSERT INTO access_log (at, principal, kind, roles, member_id, fields, purpose)
       SELECT now(), 'agent-zhao', 'person', '{agent}', $1, '{name}', 'bulk' FROM generate_series(1, $2)`,
      [somebody, linesOfASeal + 10],
    );
    await sealAll();
    await read('last');
    await sealAll();
    const { last } = await seals.verifyAll();
    const [hit] = await dataSource.query<[{ entry: number; seal: number }]>(
      `SELECT entry, (SELECT min(seal) FROM access_seal WHERE through_entry >= entry) AS seal FROM access_log
       WHERE purpose = 'slow'`,
    );
    const put = (principal: string) => `UPDATE access_log SET principal = '${principal}' WHERE entry = ${hit.entry}`;
    expect(hit.seal).toBeLessThan(last.seal);
    expect(await foundAfter(put('agent-sun'))).toBe(hit.seal);
    expect(await foundAfter(put('agent-zhao'))).toBeUndefined();
    expect(
      await foundAfter(
        `CREATE TABLE taken AS SELECT * FROM access_log WHERE entry = ${hit.entry}`,
        `DELETE FROM access_log WHERE entry = ${hit.entry}`,
      ),
    ).toBe(hit.seal);
    const putBack = 'INSERT INTO access_log OVERRIDING SYSTEM VALUE SELECT * FROM taken';
    expect(await foundAfter(putBack)).toBeUndefined();
    expect(await foundAfter('UPDATE taken SET entry = -1', putBack)).toBe(1);
    expect(await foundAfter('DELETE FROM access_log WHERE entry = -1')).toBeUndefined();
  });

  it('[M6] shows by a seal that was noted elsewhere that it was cut, or written anew from some line on', async () => {
    const { last } = await seals.verifyAll();
    const noted = last.hash.toString('hex');
    expect(await seals.isAsNoted(last.seal, noted)).toBe(true);
    await foundAfter(
      `DELETE FROM access_log WHERE entry = ${last.throughEntry}`,
      `DELETE FROM access_seal WHERE seal = ${last.seal}`,
    );
    expect((await seals.verifyAll()).brokenSeal).toBeUndefined();
    expect(await seals.isAsNoted(last.seal, noted)).toBe(false);
    await read('another');
    await sealAll();
    expect((await seals.verifyAll()).last.seal).toBe(last.seal);
    expect(await seals.isAsNoted(last.seal, noted)).toBe(false);
  });

  it('[M6] shows a seal that was taken out, and is verified part by part as well', async () => {
    const { last } = await seals.verifyAll();
    const rest = await seals.verify(last.seal);
    expect(rest).toMatchObject({ seals: 1, brokenSeal: undefined, nextSeal: undefined });
    expect(rest?.last.hash.equals(last.hash)).toBe(true);
    expect(await seals.verify(last.seal + 2)).toBeUndefined();
    expect(await foundAfter('DELETE FROM access_seal WHERE seal = 2')).toBe(3);
  });

  it('[M6] takes no change and no deletion from the service itself', async () => {
    for (const table of ['access_log', 'access_seal']) {
      await expect(dataSource.query(`DELETE FROM ${table}`)).rejects.toThrow('append-only');
      await expect(dataSource.query(`TRUNCATE ${table}`)).rejects.toThrow('append-only');
    }
    await expect(dataSource.query(`UPDATE access_log SET purpose = ''`)).rejects.toThrow('append-only');
  });
});
