import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { testDatabase } from '@regulars/testing';
import { DataSource, type EntityManager } from 'typeorm';
import { fingerprintOf, idempotencyTable, once } from './idempotency.js';
import { forgetOldKeys } from './idempotency-care.js';

describe('A write that may be repeated', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let dataSource: DataSource;
  const write = { caller: 'till-1', route: 'OpenCase', key: 'k1', body: { a: 1, b: [2] } };

  beforeAll(async () => {
    database = await testDatabase('surveys');
    dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    await dataSource.query(idempotencyTable);
    await dataSource.query('CREATE TABLE effect (id int)');
  });
  beforeEach(() => dataSource.query('TRUNCATE idempotency, effect'));
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const insert = async (tx: EntityManager) => {
    await tx.query('INSERT INTO effect VALUES (1)');
    return { done: 1 };
  };
  const post = (body: unknown = write.body, caller = write.caller) =>
    dataSource.transaction((tx) => once(tx, { ...write, caller, body }, () => insert(tx)));
  const effects = async () => (await dataSource.query<{ n: number }[]>('SELECT count(*)::int AS n FROM effect'))[0]?.n;

  it('[L1] happens once and answers the first answer again', async () => {
    expect(await post()).toEqual({ outcome: 'done', result: { done: 1 }, replayed: false });
    expect(await post({ b: [2], a: 1 })).toEqual({ outcome: 'done', result: { done: 1 }, replayed: true });
    expect(await effects()).toBe(1);
  });

  it('[L1] is refused under the same key with another body', async () => {
    await post();
    expect(await post({ a: 2 })).toEqual({ outcome: 'refused', reason: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await effects()).toBe(1);
  });

  it('does not meet the keys of another caller', async () => {
    await post();
    expect(await post(write.body, 'till-2')).toMatchObject({ replayed: false });
    expect(await effects()).toBe(2);
  });

  it('[L1] happens once when ten come at the same time, and the others wait for the first', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => post()));
    expect(answers.filter((answer) => answer.outcome === 'done' && !answer.replayed)).toHaveLength(1);
    expect(answers.every((answer) => answer.outcome === 'done' && answer.result.done === 1)).toBe(true);
    expect(await effects()).toBe(1);
  });

  it('leaves the key free when the work fails', async () => {
    const failing = dataSource.transaction((tx) => once(tx, write, () => Promise.reject(new Error('disk full'))));
    await expect(failing).rejects.toThrow('disk full');
    expect(await post()).toMatchObject({ outcome: 'done', replayed: false });
  });

  it('[O5] is forgotten after a month, a portion at a time, and not before', async () => {
    for (const key of ['a', 'b', 'c']) {
      await dataSource.query(
        `INSERT INTO idempotency (caller, route, key, fingerprint, created_at)
         VALUES ('till-1', 'OpenCase', $1, '', now() - interval '31 days')`,
        [key],
      );
    }
    await post();
    expect(await forgetOldKeys(dataSource, 30, 2)).toBe(2);
    expect(await forgetOldKeys(dataSource, 30, 2)).toBe(1);
    expect(await forgetOldKeys(dataSource, 30, 2)).toBe(0);
    expect(await post()).toMatchObject({ replayed: true });
  });

  it('[O5] answers for as many days as the installation wants', async () => {
    await post();
    await dataSource.query(`UPDATE idempotency SET created_at = now() - interval '8 days'`);
    expect(await forgetOldKeys(dataSource, 9)).toBe(0);
    expect(await forgetOldKeys(dataSource, 7)).toBe(1);
  });
});

describe('A fingerprint', () => {
  it('does not depend on the order of fields, and does on every value', () => {
    expect(fingerprintOf({ a: 1, b: { c: 2, d: 3 } }).equals(fingerprintOf({ b: { d: 3, c: 2 }, a: 1 }))).toBe(true);
    expect(fingerprintOf({ a: [1, 2] }).equals(fingerprintOf({ a: [2, 1] }))).toBe(false);
    expect(fingerprintOf({ a: '1' }).equals(fingerprintOf({ a: 1 }))).toBe(false);
    expect(fingerprintOf({ a: undefined }).equals(fingerprintOf({}))).toBe(true);
  });
});
