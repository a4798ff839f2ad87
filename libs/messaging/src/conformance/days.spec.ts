import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@regulars/testing';
import { outboxMetrics } from '../metrics.js';
import { appendToOutbox } from '../outbox.js';
import { keepDays } from '../outbox-care.js';
import { aKey, clients, event, Installation } from './installation.js';

const connect = clients[0].connect;

describe('The days of the outbox', () => {
  let installation: Installation;
  const days = async () => {
    const rows = await installation.dataSource.query<{ name: string }[]>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'outbox'::regclass order by 1`,
    );
    return rows.map(({ name }) => name);
  };
  const addOldDay = async (name: string, from: string, to: string) => {
    await installation.dataSource.query(`create table ${name} (like outbox including defaults)`);
    await installation.dataSource.query(
      `alter table outbox attach partition ${name} for values from ('${from}') to ('${to}')`,
    );
  };

  beforeEach(async () => {
    installation = await Installation.make(connect);
  });
  afterEach(() => installation.close());

  it('[O5] exist from yesterday to seven days ahead, however often they are looked after', async () => {
    await keepDays(installation.dataSource, 3);
    await keepDays(installation.dataSource, 3);
    expect(await days()).toHaveLength(9);
    expect((await outboxMetrics.daysAhead.get()).values[0]?.value).toBe(7);
  });

  it('[O5] are added again where they are missing', async () => {
    const [, , third] = await days();
    await installation.dataSource.query(`drop table ${third}`);
    await keepDays(installation.dataSource, 3);
    expect(await days()).toContain(third);
  });

  it('[O5] are dropped past retention only when everything in them is published', async () => {
    await addOldDay('outbox_20250101', '2025-01-01T00:00:00Z', '2025-01-02T00:00:00Z');
    await addOldDay('outbox_20250102', '2025-01-02T00:00:00Z', '2025-01-03T00:00:00Z');
    await installation.commit(event(aKey(), 1));
    await installation.dataSource.query(
      `insert into outbox (id, aggregatetype, aggregateid, type, payload, created_at)
       select id, aggregatetype, aggregateid, type, payload, '2025-01-02T12:00:00Z' from outbox`,
    );
    await keepDays(installation.dataSource, 3);
    expect(await days()).not.toContain('outbox_20250101');
    expect(await days()).toContain('outbox_20250102');

    installation.relay();
    await eventually(async () => {
      await keepDays(installation.dataSource, 3);
      return !(await days()).includes('outbox_20250102');
    });
  });

  it('[O5] are kept as long as the installation wants', async () => {
    const today = Date.parse(`${new Date().toISOString().slice(0, 10)}T00:00:00Z`);
    const day = (ago: number) => new Date(today - ago * 86_400_000).toISOString();
    const [name, older] = [10, 12].map((ago) => `outbox_${day(ago).slice(0, 10).replaceAll('-', '')}`) as [
      string,
      string,
    ];
    await addOldDay(name, day(10), day(9));
    await addOldDay(older, day(12), day(11));
    await keepDays(installation.dataSource, 11);
    expect(await days()).toContain(name);
    expect(await days()).not.toContain(older);
    await keepDays(installation.dataSource, 9);
    expect(await days()).not.toContain(name);
  });

  it('[O5] are not dropped while a writer holds the outbox: the drop gives up before writers queue behind it', async () => {
    await addOldDay('outbox_20250101', '2025-01-01T00:00:00Z', '2025-01-02T00:00:00Z');
    await installation.dataSource.transaction(async (tx) => {
      await appendToOutbox(tx, [event(aKey(), 1)]);
      await expect(keepDays(installation.dataSource, 3)).rejects.toThrow('lock timeout');
    });
    await keepDays(installation.dataSource, 3);
    expect(await days()).not.toContain('outbox_20250101');
  });

  it('[O5] are added beside a writer without waiting for it', async () => {
    const [, , third] = await days();
    await installation.dataSource.query(`drop table ${third}`);
    await installation.dataSource.transaction(async (tx) => {
      await appendToOutbox(tx, [event(aKey(), 1)]);
      await keepDays(installation.dataSource, 3);
    });
    expect(await days()).toContain(third);
  });

  it('[O1] leave with everything else when a migration is taken back', async () => {
    const { messagingTables } = await import('../tables.js');
    for (const sql of messagingTables.down) await installation.dataSource.query(sql);
    const left = await installation.dataSource.query<unknown[]>(
      `select relname from pg_class where relnamespace = 'loyalty'::regnamespace and relkind in ('r', 'p') and relname <> 'heard'`,
    );
    expect(left).toEqual([]);
  });
});
