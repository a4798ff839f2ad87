import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, readTopic } from '@regulars/testing';
import pg from 'pg';
import { outboxMetrics } from '../metrics.js';
import { appendRepublished, appendToOutbox } from '../outbox.js';
import { bindGeneration, OutboxWatch } from '../outbox-care.js';
import type { Relay } from '../relay.js';
import { RelaySession } from '../relay-session.js';
import { messagingOrder } from '../tables.js';
import { aKey, clients, event, Installation, numberIn, POINTS, TILLS } from './installation.js';

describe.each(clients)('The relay over $client', ({ connect }) => {
  let installation: Installation;
  const published = async (key: string, topic = POINTS) => {
    const records = await readTopic(installation.nameOf(topic));
    return records.filter((record) => record.key === key);
  };
  const numbers = async (key: string) => (await published(key)).map(numberIn);

  beforeAll(async () => {
    installation = await Installation.make(connect);
    await installation.createTopics();
  });
  afterAll(() => installation.close());

  describe('while it leads', () => {
    let relay: Relay;
    beforeAll(() => {
      relay = installation.relay();
    });
    afterAll(() => relay.stop());

    it('[L1] publishes an event as CloudEvents headers and its own JSON', async () => {
      const key = aKey();
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
      const earned = event(key, 7, { subject: 'receipt-7', traceparent, memberSeq: 3 });
      await installation.commit(earned);
      const [record] = await eventually(async () => {
        const records = await published(key);
        return records.length === 1 && records;
      });
      expect(record?.value).toBe('{"n":7}');
      expect(record?.headers).toEqual({
        ce_specversion: '1.0',
        ce_id: earned.id,
        ce_type: 'regulars.loyalty.v1.PointsEarned',
        ce_source: '/regulars/loyalty',
        ce_time: record?.time.toISOString(),
        ce_subject: 'receipt-7',
        ce_memberseq: '3',
        'content-type': 'application/json',
        traceparent,
      });
    });

    it('[L1] publishes what was committed and never what was rolled back', async () => {
      const key = aKey();
      const given = new Error('rolled back');
      await expect(
        installation.dataSource.transaction(async (tx) => {
          await appendToOutbox(tx, [event(key, 1)]);
          throw given;
        }),
      ).rejects.toBe(given);
      await installation.commit(event(key, 2));
      await eventually(async () => (await numbers(key)).length > 0);
      expect(await numbers(key)).toEqual([2]);
    });

    it('[L4] keeps the order of each key under concurrent writers that wait for each other’s row locks', async () => {
      const keys = Array.from({ length: 12 }, aKey);
      await installation.dataSource.query('create table member (key text primary key, seq integer not null)');
      await installation.dataSource.query('insert into member select key, 0 from unnest($1::text[]) as key', [keys]);
      const write = async (key: string) => {
        await installation.dataSource.transaction(async (tx) => {
          const [row] = await tx.query<{ seq: number }[]>(
            'with next as (update member set seq = seq + 1 where key = $1 returning seq) select seq from next',
            [key],
          );
          await appendToOutbox(tx, [event(key, row?.seq ?? -1)]);
        });
      };
      await Promise.all(
        Array.from({ length: 8 }, async (_, writer) => {
          for (let n = 0; n < 60; n++) await write(keys[(n * 7 + writer) % keys.length] as string);
        }),
      );
      const records = await eventually(async () => {
        const all = (await readTopic(installation.nameOf(POINTS))).filter(({ key }) => keys.includes(key ?? ''));
        return all.length === 480 && all;
      });
      for (const key of keys) {
        const order = records.filter((record) => record.key === key).map(numberIn);
        expect(order).toEqual(Array.from(order, (_, index) => index + 1));
      }
    });

    it('[L4] keeps the order of a key whose writer began early and waited, while a third transaction stays open', async () => {
      const key = aKey();
      const [waiting, elsewhere] = await Promise.all([begun(installation), begun(installation)]);
      await installation.commit(event(key, 1));
      await appendToOutbox(waiting, [event(key, 2)]);
      await waiting.query('commit');
      await eventually(async () => (await numbers(key)).length === 2);
      expect(await numbers(key)).toEqual([1, 2]);
      await elsewhere.query('rollback');
      await Promise.all([waiting.end(), elsewhere.end()]);
    });

    it('[L1] goes on behind an event that was rolled back', async () => {
      const key = aKey();
      const given = await begun(installation);
      await appendToOutbox(given, [event(key, 1)]);
      await installation.commit(event(key, 2));
      await given.query('rollback');
      await given.end();
      await eventually(async () => (await numbers(key)).length > 0);
      expect(await numbers(key)).toEqual([2]);
    });

    it('[O2] waits behind a number that was given back until nobody can bring it, says so, and loses nothing', async () => {
      const key = aKey();
      const elsewhere = new pg.Client(installation.database.urls.members);
      await elsewhere.connect();
      await elsewhere.query('create table notes (text text)');
      await elsewhere.query('begin');
      await elsewhere.query(`insert into notes values ('left open')`);
      await installation.commit(event(key, 1));
      await eventually(async () => (await numbers(key)).length === 1);
      await installation.dataSource.query(`select nextval(pg_get_serial_sequence('outbox', 'ord'))`);
      await installation.commit(event(key, 2));

      const watch = new OutboxWatch(installation.dataSource);
      const startedAtMs = Date.now();
      await watch.measure(startedAtMs);
      await watch.measure(startedAtMs + 6_000);
      expect(await valueOf(outboxMetrics.oldestWriter)).toBe(6);
      expect(await valueOf(outboxMetrics.oldestUnpublished)).toBeGreaterThan(0);
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(await numbers(key)).toEqual([1]);

      await elsewhere.query('commit');
      await elsewhere.end();
      await eventually(async () => (await numbers(key)).length === 2);
      expect(await numbers(key)).toEqual([1, 2]);
      await eventually(async () => {
        await watch.measure(Date.now());
        return (await valueOf(outboxMetrics.oldestUnpublished)) === 0;
      });
      expect(await valueOf(outboxMetrics.oldestWriter)).toBeLessThan(5);
    });

    it('[L1] publishes a transaction that began early and committed late', async () => {
      const key = aKey();
      const late = new pg.Client(installation.database.url);
      await late.connect();
      await late.query('begin');
      await appendToOutbox(late, [event(key, 1)]);
      await installation.commit(event(key, 2));
      await new Promise((resolve) => setTimeout(resolve, 300));
      await late.query('commit');
      await late.end();
      await eventually(async () => (await numbers(key)).length === 2);
      expect((await numbers(key)).sort()).toEqual([1, 2]);
    });

    it('[O3] publishes again with the original ids and times', async () => {
      const key = aKey();
      const before = event(key, 1);
      await installation.commit(before);
      await eventually(async () => (await published(key)).length === 1);
      const time = new Date('2025-02-03T04:05:06.789Z');
      const written = await appendRepublished(installation.dataSource, [{ ...before, time }]);
      expect(written).toBe(1);
      const records = await eventually(async () => {
        const all = await published(key);
        return all.length === 2 && all;
      });
      expect(records.map((record) => record.headers.ce_id)).toEqual([before.id, before.id]);
      expect(records[1]?.headers.ce_time).toBe('2025-02-03T04:05:06.789Z');
    });

    it('[O3] gives records of compacted topics versions that grow', async () => {
      const key = aKey();
      await installation.commit(event(key, 1, { topic: TILLS }));
      await installation.commit(event(key, 2, { topic: TILLS }), event(key, 3, { topic: TILLS }));
      const records = await eventually(async () => {
        const all = await published(key, TILLS);
        return all.length === 3 && all;
      });
      const versions = records.map((record) => record.headers.ce_version ?? '');
      expect(versions).toEqual([...new Set(versions)].sort());
      expect(versions).toHaveLength(3);
    });
  });

  describe('when the lead changes', () => {
    it('[O1] follows until the lead is free, and then goes on where the other stopped', async () => {
      const key = aKey();
      const first = installation.relay();
      await installation.commit(event(key, 1));
      await eventually(async () => (await numbers(key)).length === 1);
      const epoch = await epochOf(installation);
      installation.relay();
      await installation.commit(event(key, 2));
      await eventually(async () => (await numbers(key)).length === 2);
      expect(await epochOf(installation)).toBe(epoch);

      await first.stop();
      await installation.commit(event(key, 3));
      await eventually(async () => (await numbers(key)).length === 3);
      expect(await numbers(key)).toEqual([1, 2, 3]);
      expect(await epochOf(installation)).toBe(epoch + 1);
    });

    it('[L1] begins anew when its database session is cut, and publishes everything', async () => {
      const key = aKey();
      installation.relay();
      await installation.commit(event(key, 1));
      await eventually(async () => (await numbers(key)).length === 1);
      await cutRelays(installation);
      await installation.commit(event(key, 2));
      await eventually(async () => new Set(await numbers(key)).size === 2);
      const seen = await numbers(key);
      expect(seen.indexOf(1)).toBeLessThan(seen.indexOf(2));
    });

    it('[L1] lets a relay that was deposed without knowing move neither cursor nor topic', async () => {
      const deposed = await RelaySession.open(installation.settings.databaseUrl);
      const successor = await RelaySession.open(installation.settings.databaseUrl);
      const name = `${installation.topics.prefix}fenced.relay`;
      const from = await deposed.begin();
      const oldProducer = await installation.broker.openProducer(name);
      await successor.begin();
      const newProducer = await installation.broker.openProducer(name);

      expect(await deposed.advance(from)).toBe(false);
      const key = aKey();
      const record = { topic: installation.nameOf(POINTS), key, value: '{"n":1}', headers: {}, time: new Date() };
      await expect(oldProducer.send([record])).rejects.toThrow();
      await newProducer.send([{ ...record, value: '{"n":2}' }]);
      expect(await numbers(key)).toEqual([2]);

      expect(await successor.advance(from)).toBe(true);
      await Promise.all([oldProducer.close(), newProducer.close(), deposed.close(), successor.close()]);
    });
  });

  describe('after a restore into another cluster', () => {
    it('[O3] publishes what was left over first and then what the new cluster writes, with versions above the old', async () => {
      const restored = await Installation.make(connect);
      try {
        const key = aKey();
        await restored.commit(event(key, 1), event(key, 2), event(key, 3));
        // As it looks after a restore: ids of the old cluster far above those of this one, the cursor behind the first.
        await restored.dataSource.query(`update outbox set xid = '900000000000'`);
        await restored.dataSource.query(
          `update relay_cursor set through_ord = (select min(ord) from outbox), system_identifier = 1`,
        );
        expect(await bindGeneration(restored.dataSource)).toBe(2);
        expect(await bindGeneration(restored.dataSource)).toBe(2);
        await restored.commit(event(key, 4), event(key, 5, { topic: TILLS }));
        restored.relay();
        await eventually(async () => (await readTopic(restored.nameOf(POINTS))).length === 3);
        const records = await readTopic(restored.nameOf(POINTS));
        expect(records.map(numberIn)).toEqual([2, 3, 4]);
        const [till] = await eventually(async () => {
          const tills = await readTopic(restored.nameOf(TILLS));
          return tills.length === 1 && tills;
        });
        expect(till?.headers.ce_version).toMatch(/^000002\./);
      } finally {
        await restored.close();
      }
    });
  });

  describe('when the tables come from an earlier release', () => {
    it('[O5] goes on with the first event that was not published', async () => {
      const upgraded = await Installation.make(connect);
      try {
        for (const sql of messagingOrder.down) await upgraded.dataSource.query(sql);
        const key = aKey();
        await upgraded.commit(event(key, 1));
        await upgraded.commit(event(key, 2), event(key, 3));
        await upgraded.dataSource.query(
          `update relay_cursor set (generation, xid, ord) = (select generation, xid, ord from outbox where payload ->> 'n' = '2')`,
        );
        for (const sql of messagingOrder.up) await upgraded.dataSource.query(sql);
        upgraded.relay();
        const records = await eventually(async () => {
          const all = await readTopic(upgraded.nameOf(POINTS));
          return all.length > 0 && all;
        });
        expect(records.map(numberIn)).toEqual([3]);
      } finally {
        await upgraded.close();
      }
    });
  });
});

/** A session whose transaction has its id already. */
async function begun(installation: Installation): Promise<pg.Client> {
  const client = new pg.Client(installation.database.url);
  await client.connect();
  await client.query('begin');
  await client.query('select pg_current_xact_id()');
  return client;
}

async function epochOf(installation: Installation): Promise<number> {
  const [cursor] = await installation.dataSource.query<{ epoch: string }[]>('select epoch from relay_cursor');
  return Number(cursor?.epoch);
}

async function cutRelays(installation: Installation): Promise<void> {
  const admin = new pg.Client(installation.database.admin);
  await admin.connect();
  await admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'relay' and datname = current_database()`,
  );
  await admin.end();
}

async function valueOf(gauge: { get(): Promise<{ values: { value: number }[] }> }): Promise<number> {
  return (await gauge.get()).values[0]?.value ?? Number.NaN;
}
