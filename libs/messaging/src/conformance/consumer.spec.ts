import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@regulars/testing';
import type { NewRecord } from '../broker.js';
import { type OutboxEvent } from '../outbox.js';
import { discardParked, parkedKeys, replayParked } from '../parking.js';
import {
  aKey,
  clients,
  event,
  Installation,
  keysOfPartitions,
  Listener,
  POINTS,
  sendInTransactions,
  withSubscribe,
} from './installation.js';

describe.each(clients)('A consumer over $client', ({ connect }) => {
  let installation: Installation;
  let listener: Listener;
  const heardNumbers = async (key?: string) => (await installation.heard(key)).map(({ n }) => n);

  /** Publishes without an outbox: what a relay would have sent. */
  const publish = async (...events: readonly OutboxEvent[]) => {
    const producer = await installation.broker.openProducer(`${installation.topics.prefix}publisher`);
    await producer.send(events.map((each) => recordOf(installation.nameOf(POINTS), each)));
    await producer.close();
  };

  beforeEach(async () => {
    installation = await Installation.make(connect);
    await installation.createTopics();
    listener = new Listener();
  });
  afterEach(() => installation.close());

  describe('Effect and offset', () => {
    it('[L1] applies what an outbox published, in order, with everything the owner said of it', async () => {
      const heard: unknown[] = [];
      listener.apply = async (_tx, events) => {
        heard.push(...events);
      };
      installation.consume(listener);
      installation.relay();
      const key = aKey();
      const earned = event(key, 1, {
        memberSeq: 9,
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00',
      });
      await installation.commit(earned, event(key, 2));
      await eventually(() => heard.length === 2);
      expect(heard[0]).toEqual({
        id: earned.id,
        type: earned.type,
        key,
        payload: { n: 1 },
        topic: POINTS,
        partition: expect.any(Number),
        offset: expect.any(String),
        time: expect.any(Date),
        traceparent: earned.traceparent,
        memberSeq: 9,
      });
      expect(heard[1]).toMatchObject({ payload: { n: 2 } });
    });

    it('[L1] gives an event that stands twice in a run to the effect once', async () => {
      const key = aKey();
      const twice = event(key, 1);
      await publish(twice, twice, event(key, 2));
      installation.consume(listener);
      await eventually(async () => (await heardNumbers()).length >= 2);
      expect(await heardNumbers()).toEqual([1, 2]);
    });

    it('[L1] passes over what a relay gave up before it was whole', async () => {
      const key = aKey();
      const records = [1, 2, 3].map((n) => recordOf(installation.nameOf(POINTS), event(key, n)));
      await sendInTransactions(installation, records, ['abort', 'abort', 'commit']);
      installation.consume(listener);
      await eventually(async () => (await heardNumbers()).includes(3));
      expect(await heardNumbers()).toEqual([3]);
    });

    it('[L1] keeps no effect of a run that failed, and tries it again without parking', async () => {
      listener.outage = new Error('The provider is away');
      await publish(event(aKey(), 1));
      installation.consume(listener);
      await eventually(() => listener.runs >= 3);
      expect(await heardNumbers()).toEqual([]);
      listener.outage = undefined;
      await eventually(async () => (await heardNumbers()).length === 1);
      expect(await parkedKeys(installation.dataSource)).toEqual([]);
    });

    it('[L1] goes on after a restart where the effect stopped', async () => {
      const key = aKey();
      const first = installation.consume(listener);
      await publish(event(key, 1));
      await eventually(async () => (await heardNumbers()).length === 1);
      await first.stop();
      await publish(event(key, 2));
      installation.consume(listener);
      await eventually(async () => (await heardNumbers()).length === 2);
      expect(await heardNumbers()).toEqual([1, 2]);
    });

    it('[L1] writes nothing where another member has moved the offset, and goes on where that one stopped', async () => {
      const key = aKey();
      await publish(event(key, 1));
      installation.consume(listener);
      await eventually(async () => (await heardNumbers()).length === 1);
      // Another member applies the next two events: this one, which was not told, finds the offset gone.
      const [{ partition, next } = { partition: -1, next: -1 }] = await installation.dataSource.query<
        { partition: number; next: number }[]
      >(`select partition, next_offset::integer as next from consumer_offset where next_offset > 0`);
      await installation.dataSource.query('update consumer_offset set next_offset = $2 where partition = $1', [
        partition,
        next + 2,
      ]);
      await publish(event(key, 2), event(key, 3), event(key, 4));
      await eventually(async () => (await heardNumbers()).includes(4));
      expect(await heardNumbers()).toEqual([1, 4]);
    });

    it('[L1] applies each event once while members come and go', async () => {
      const keys = Array.from({ length: 40 }, aKey);
      const events = Array.from({ length: 2_000 }, (_, n) => event(keys[n % 40] as string, n));
      // The listener does not recognise repetitions: only the offset keeps it from writing twice.
      listener.hold = () => new Promise((resolve) => setTimeout(resolve, 5));
      const members = [installation.consume(listener)];
      const publishing = (async () => {
        for (let at = 0; at < events.length; at += 100) await publish(...events.slice(at, at + 100));
      })();
      for (let round = 0; round < 3; round++) {
        members.push(installation.consume(listener));
        await new Promise((resolve) => setTimeout(resolve, 400));
        await members.shift()?.stop();
      }
      await publishing;
      await eventually(async () => (await installation.heard()).length >= events.length);
      const heard = await installation.heard();
      expect(heard).toHaveLength(events.length);
      expect(new Set(heard.map(({ event_id }) => event_id)).size).toBe(events.length);
      for (const key of keys) {
        const order = heard.filter((row) => row.key === key).map(({ n }) => n);
        expect(order).toEqual([...order].sort((a, b) => a - b));
      }
    });

    it('[O3] begins at the first record when a stored offset lies beyond the end of a topic made anew', async () => {
      await installation.dataSource.query(
        `insert into consumer_offset (group_id, topic, partition, next_offset)
         select 'listeners', $1, partition, 5000 from generate_series(0, 3) as partition`,
        [installation.nameOf(POINTS)],
      );
      await publish(event(aKey(), 1));
      installation.consume(listener);
      await eventually(async () => (await heardNumbers()).length === 1);
    });
  });

  describe('Partitions that travel together', () => {
    /** How many transactions wrote what is heard from `n` on. */
    const transactionsFrom = async (n: number) => {
      const [found] = await installation.dataSource.query<{ transactions: number }[]>(
        'select count(distinct xmin::text)::integer as transactions from heard where n >= $1',
        [n],
      );
      return found?.transactions;
    };

    it('[L1] applies what several partitions bring in one transaction', async () => {
      const keys = keysOfPartitions(installation);
      await publish(...keys.flatMap((key, n) => [event(key, 10 * n), event(key, 10 * n + 1)]));
      installation.consume(listener);
      await eventually(async () => (await heardNumbers()).length === 8);
      expect(await transactionsFrom(0)).toBe(1);
      for (const [n, key] of keys.entries()) expect(await heardNumbers(key)).toEqual([10 * n, 10 * n + 1]);
    });

    it('[L1] leaves out a partition whose offset another member has moved, and applies the others', async () => {
      const keys = keysOfPartitions(installation);
      installation.consume(listener);
      await publish(...keys.map((key, n) => event(key, n)));
      await eventually(async () => (await heardNumbers()).length === 4);
      // Another member applies the next event of partition 2, and the marker behind it is in its offset too.
      await installation.dataSource.query(
        'update consumer_offset set next_offset = next_offset + 2 where partition = 2',
      );
      await publish(...keys.map((key, n) => event(key, 10 + n)));
      await eventually(async () => (await heardNumbers()).length === 7);
      await publish(...keys.map((key, n) => event(key, 20 + n)));
      await eventually(async () => (await heardNumbers()).length === 11);
      expect(await heardNumbers(keys[2])).toEqual([2, 22]);
      expect((await heardNumbers()).filter((n) => n >= 10 && n < 20).sort()).toEqual([10, 11, 13]);
      expect(await transactionsFrom(10)).toBe(2);
    });

    it('[O3] parks the bad event of one partition and applies what the others bring', async () => {
      const keys = keysOfPartitions(installation);
      listener.refused.add(2);
      await publish(...keys.flatMap((key, n) => [event(key, n), event(key, 10 + n)]));
      installation.consume(listener);
      await eventually(async () => (await heardNumbers()).length === 6);
      await eventually(async () => (await parkedKeys(installation.dataSource))[0]?.events === 2);
      expect((await heardNumbers()).sort((a, b) => a - b)).toEqual([0, 1, 3, 10, 11, 13]);
      expect(await parkedKeys(installation.dataSource)).toMatchObject([{ key: keys[2] }]);
    });

    it('[O1] tries all of them again when the database fails, and writes each once', async () => {
      const keys = keysOfPartitions(installation);
      listener.outage = new Error('The database is away');
      await publish(...keys.map((key, n) => event(key, n)));
      installation.consume(listener);
      await eventually(() => listener.runs >= 3);
      expect(await heardNumbers()).toEqual([]);
      listener.outage = undefined;
      await eventually(async () => (await heardNumbers()).length === 4);
      expect(await transactionsFrom(0)).toBe(1);
    });
  });

  describe('Parking', () => {
    it('[O3] parks the key of an event that can never be applied, with what follows, and lets other keys pass', async () => {
      const [bad, good] = [aKey(), aKey()];
      listener.refused.add(2);
      await publish(event(bad, 1), event(good, 10), event(bad, 2), event(bad, 3), event(good, 11));
      installation.consume(listener);
      await publish(event(bad, 4), event(good, 12));
      await eventually(async () => (await heardNumbers(good)).length === 3);
      await eventually(async () => (await parkedKeys(installation.dataSource))[0]?.events === 3);
      expect(await heardNumbers(bad)).toEqual([1]);
      expect(await heardNumbers(good)).toEqual([10, 11, 12]);
      expect(await parkedKeys(installation.dataSource)).toEqual([
        {
          group: 'listeners',
          topic: POINTS,
          key: bad,
          events: 3,
          parkedAt: expect.any(Date),
          reason: 'BadEvent: This number is refused',
        },
      ]);
    });

    it('[O3] parks a key for a constraint that an event breaks', async () => {
      await installation.dataSource.query('alter table heard add check (n < 100)');
      const key = aKey();
      await publish(event(key, 100), event(key, 1));
      installation.consume(listener);
      await eventually(async () => (await parkedKeys(installation.dataSource))[0]?.events === 2);
      expect((await parkedKeys(installation.dataSource))[0]?.reason).toMatch(/^QueryFailedError 23514: /);
    });

    it('[O3] parks a record that is no event, whatever its bytes', async () => {
      const producer = await installation.broker.openProducer(`${installation.topics.prefix}stranger`);
      const strange = { topic: installation.nameOf(POINTS), key: 'a\0b', time: new Date() };
      await producer.send([
        { ...strange, value: 'not json \0', headers: { ce_id: '1', ce_type: 't' } },
        { ...strange, value: '{}', headers: {} },
      ]);
      await producer.close();
      installation.consume(listener);
      const [parked] = await eventually(async () => {
        const keys = await parkedKeys(installation.dataSource);
        return keys[0]?.events === 2 && keys;
      });
      expect(parked).toMatchObject({ key: 'a\uFFFDb', reason: 'BadEvent: The value is not JSON' });
    });

    it('[O3] replays a parked key in order once its cause is mended, and frees it', async () => {
      const key = aKey();
      listener.refused.add(1);
      await publish(event(key, 1), event(key, 2));
      installation.consume(listener);
      await eventually(async () => (await parkedKeys(installation.dataSource))[0]?.events === 2);

      expect(await replayParked(installation.dataSource, listener, key)).toEqual({
        applied: 0,
        waiting: 2,
        reason: 'BadEvent: This number is refused',
      });
      listener.refused.clear();
      expect(await replayParked(installation.dataSource, listener, key)).toEqual({ applied: 2, waiting: 0 });
      expect(await parkedKeys(installation.dataSource)).toEqual([]);
      await publish(event(key, 3));
      await eventually(async () => (await heardNumbers(key)).length === 3);
      expect(await heardNumbers(key)).toEqual([1, 2, 3]);
    });

    it('[O3] replays while events of the key arrive, and keeps their order', async () => {
      const key = aKey();
      listener.refused.add(0);
      await publish(event(key, 0));
      installation.consume(listener);
      await eventually(async () => (await parkedKeys(installation.dataSource)).length === 1);
      listener.refused.clear();
      listener.hold = () => new Promise((resolve) => setTimeout(resolve, 3));
      const arriving = (async () => {
        for (let n = 1; n <= 60; n++) await publish(event(key, n));
      })();
      for (let replays = 0; replays < 20; replays++) {
        await replayParked(installation.dataSource, listener, key);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await arriving;
      await replayParked(installation.dataSource, listener, key);
      await eventually(async () => (await heardNumbers(key)).length >= 61);
      expect(await heardNumbers(key)).toEqual(Array.from({ length: 61 }, (_, n) => n));
    });

    it('[O3] discards the event in the way and keeps the rest waiting for a replay', async () => {
      const key = aKey();
      listener.refused.add(1);
      await publish(event(key, 1), event(key, 2), event(key, 3));
      installation.consume(listener);
      await eventually(async () => (await parkedKeys(installation.dataSource))[0]?.events === 3);
      expect(await discardParked(installation.dataSource, listener, key)).toBe(1);
      expect((await parkedKeys(installation.dataSource))[0]?.events).toBe(2);
      expect(await replayParked(installation.dataSource, listener, key)).toEqual({ applied: 2, waiting: 0 });
      expect(await heardNumbers(key)).toEqual([2, 3]);
    });

    it('[O3] discards a whole key and frees it', async () => {
      const key = aKey();
      listener.refused.add(1);
      await publish(event(key, 1), event(key, 2));
      installation.consume(listener);
      await eventually(async () => (await parkedKeys(installation.dataSource))[0]?.events === 2);
      expect(await discardParked(installation.dataSource, listener, key, true)).toBe(2);
      expect(await discardParked(installation.dataSource, listener, key, true)).toBe(0);
      await publish(event(key, 3));
      await eventually(async () => (await heardNumbers(key)).length === 1);
      expect(await heardNumbers(key)).toEqual([3]);
    });
  });

  describe('Watchdog', () => {
    it('[O2] replaces a client that has lag and no progress', async () => {
      // A client as it was seen in production elsewhere: a member of its group that fetches nothing any more.
      let subscriptions = 0;
      const stuckOnce = withSubscribe(installation.broker, async (subscription) => {
        subscriptions += 1;
        if (subscriptions > 1) return installation.broker.subscribe(subscription);
        const topic = installation.nameOf(POINTS);
        const partitions = Array.from({ length: 4 }, (_, partition) => ({ topic, partition }));
        await subscription.startAt?.(partitions, () => false);
        return { close: async () => undefined };
      });
      await publish(event(aKey(), 1));
      installation.consume(listener, { broker: stuckOnce, watch: { everyMs: 100, stalledAfterMs: 500 } });
      await eventually(async () => (await heardNumbers()).length === 1);
      expect(subscriptions).toBe(2);
    });

    it('[O2] leaves a client alone that is only behind markers of transactions', async () => {
      let subscriptions = 0;
      const counting = withSubscribe(installation.broker, (subscription) => {
        subscriptions += 1;
        return installation.broker.subscribe(subscription);
      });
      await publish(event(aKey(), 1));
      installation.consume(listener, { broker: counting, watch: { everyMs: 50, stalledAfterMs: 2_000 } });
      await eventually(async () => (await heardNumbers()).length === 1);
      const ends = await installation.broker.ranges(installation.nameOf(POINTS));
      await eventually(async () => {
        const stored = await installation.dataSource.query<{ partition: number; next: number }[]>(
          'select partition, next_offset::integer as next from consumer_offset',
        );
        return ends.every((end) =>
          stored.some(({ partition, next }) => partition === end.partition && next === end.next),
        );
      });
      const before = subscriptions;
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      expect(subscriptions).toBe(before);
    });
  });
});

function recordOf(topic: string, { id, key, type, payload, traceparent }: OutboxEvent): NewRecord {
  const headers = { ce_id: id, ce_type: type, ...(traceparent && { traceparent }) };
  return { topic, key, value: JSON.stringify(payload), headers, time: new Date() };
}
