import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ReceivedEvent } from '@regulars/messaging';
import { testDatabase } from '@regulars/testing';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { MergesConsumer, membersBehind, mergeTables, survivorsOf } from './merge.js';

describe('Members who are one person', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let dataSource: DataSource;
  const consumer = new MergesConsumer('surveys');

  beforeAll(async () => {
    database = await testDatabase('surveys');
    dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    for (const statement of mergeTables.up) await dataSource.query(statement);
  });
  afterAll(async () => {
    for (const statement of mergeTables.down) await dataSource.query(statement);
    await dataSource.destroy();
    await database.drop();
  });

  const merge = (survivorId: string, mergedId: string) => ({ mergeId: uuidv7(), survivorId, mergedId });
  const ordered = (payload: object) => ({ type: 'regulars.members.v1.MembersMerged', payload }) as ReceivedEvent;
  const undone = (payload: object) => ({ type: 'regulars.members.v1.MembersUnmerged', payload }) as ReceivedEvent;
  const hear = (...events: ReceivedEvent[]) => dataSource.transaction((tx) => consumer.apply(tx, events));
  const behind = async (memberId: string) => (await membersBehind(dataSource.manager, memberId)).sort();
  const survivors = async (...memberIds: string[]) =>
    [...(await survivorsOf(dataSource.manager, memberIds))].sort(([one], [other]) => (one < other ? -1 : 1));

  it('[M5] are found from the survivor downwards, over merges of merges, and parted one merge at a time', async () => {
    const [ann, bea, cat] = [uuidv7(), uuidv7(), uuidv7()] as const;
    const [first, second] = [merge(ann, bea), merge(cat, ann)];
    await hear(ordered(first), ordered(second));
    expect([await behind(cat), await behind(ann), await behind(bea)]).toEqual([[ann, bea, cat], [ann, bea], [bea]]);
    const all = [ann, bea, cat].map((memberId) => [memberId, cat]);
    expect([await survivors(bea), await survivors(bea, cat)]).toEqual([all, all]);
    await hear(undone(second));
    expect([await behind(cat), await behind(ann)]).toEqual([[cat], [ann, bea]]);
    expect(await survivors(bea, cat)).toEqual([
      [ann, ann],
      [bea, ann],
      [cat, cat],
    ]);
  });

  it('[M5] stay two when the order is heard again after its undoing, in one batch or later, and are merged anew', async () => {
    const [ann, bea] = [uuidv7(), uuidv7()] as const;
    const first = merge(ann, bea);
    await hear(undone(first), ordered(first), ordered(first), undone(first));
    await hear(ordered(first));
    expect([await behind(ann), await survivors(bea)]).toEqual([[ann], [[bea, bea]]]);
    await hear(ordered(merge(ann, bea)));
    expect(await behind(ann)).toEqual([ann, bea]);
  });

  it('[M5] stand for themselves while two merges are heard that go round in a circle', async () => {
    const [ann, bea] = [uuidv7(), uuidv7()] as const;
    const first = merge(ann, bea);
    await hear(ordered(first), ordered(merge(bea, ann)));
    expect([await behind(ann), await survivors(ann)]).toEqual([[ann, bea], [[ann, ann]]]);
    await hear(undone(first));
    expect([await behind(ann), await behind(bea)]).toEqual([[ann], [ann, bea]]);
  });
});
