import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@regulars/testing';
import { type CompactedReader, type CompactedRecord, readCompacted } from '../compacted.js';
import { aKey, clients, event, Installation, TILLS } from './installation.js';

describe.each(clients)('A reader of compacted topics over $client', ({ connect }) => {
  let installation: Installation;
  let reader: CompactedReader | undefined;
  const read = (onRecord?: (record: CompactedRecord) => void) => {
    reader = readCompacted({ settings: installation.settings, topics: [TILLS], ...(onRecord && { onRecord }) });
    return reader;
  };

  beforeEach(async () => {
    installation = await Installation.make(connect);
  });
  afterEach(async () => {
    await reader?.stop();
    await installation.close();
  });

  it('[O4] is ready when it holds the latest of each key, and hears of changes afterwards', async () => {
    installation.relay();
    const keys = Array.from({ length: 20 }, aKey);
    await installation.commit(...keys.map((key) => event(key, 1, { topic: TILLS })));
    await installation.commit(...keys.map((key) => event(key, 2, { topic: TILLS })));
    const ranges = () => installation.broker.ranges(installation.nameOf(TILLS));
    await eventually(async () => (await ranges()).reduce((sum, { next }) => sum + next, 0) >= 40);

    const tills = read();
    await tills.ready;
    expect([...tills.records(TILLS)].map(({ payload }) => payload)).toEqual(keys.map(() => ({ n: 2 })));
    const [key] = keys as [string];
    await installation.commit(event(key, 3, { topic: TILLS }));
    await eventually(() => (tills.get(TILLS, key)?.payload as { n: number }).n === 3);
    expect(tills.get(TILLS, 'unknown')).toBeUndefined();
  });

  it('[O4] is ready at once when the topic is empty', async () => {
    await installation.createTopics();
    await read().ready;
  });

  it('[O4] waits for a topic that its owner has not made yet', async () => {
    const tills = read();
    await new Promise((resolve) => setTimeout(resolve, 600));
    installation.relay();
    const key = aKey();
    await installation.commit(event(key, 1, { topic: TILLS }));
    await tills.ready;
    await eventually(() => tills.get(TILLS, key) !== undefined);
  });

  it('[O4] keeps the highest version of a key, not the last record', async () => {
    await installation.createTopics();
    const producer = await installation.broker.openProducer(`${installation.topics.prefix}deposed`);
    const record = { topic: installation.nameOf(TILLS), key: aKey(), time: new Date() };
    const headers = { ce_id: 'id', ce_type: 'regulars.stores.v1.TillChanged' };
    const seen: unknown[] = [];
    await producer.send([
      { ...record, value: '{"n":2}', headers: { ...headers, ce_version: '000001.0000000000000000002' } },
      { ...record, value: '{"n":1}', headers: { ...headers, ce_version: '000001.0000000000000000001' } },
    ]);
    await producer.close();
    const tills = read(({ payload }) => seen.push(payload));
    await tills.ready;
    expect(tills.get(TILLS, record.key)?.payload).toEqual({ n: 2 });
    expect(seen).toEqual([{ n: 2 }]);
  });

  it('[O4] passes over a record that cannot be read', async () => {
    await installation.createTopics();
    const producer = await installation.broker.openProducer(`${installation.topics.prefix}stranger`);
    const record = { topic: installation.nameOf(TILLS), key: aKey(), time: new Date() };
    const headers = { ce_id: 'id', ce_type: 'regulars.stores.v1.TillChanged' };
    await producer.send([
      { ...record, value: 'not json', headers },
      { ...record, value: '{"n":1}', headers },
    ]);
    await producer.close();
    const tills = read();
    await tills.ready;
    expect(tills.get(TILLS, record.key)?.payload).toEqual({ n: 1 });
  });
});
